//! The service with processes for workers. The code is in `processes/service/mod.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demo::processes::main()
}
