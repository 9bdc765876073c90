//! What an interpreter lock does to threads, measured side by side. The code is in `gil_tour`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::gil_tour::main()
}
