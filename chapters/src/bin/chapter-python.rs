//! The service in CPython. The code is in `chapters/python`, and the program that runs it in `demo/python.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demo::python::main()
}
