//! The service with coroutines for workers. The code is in `coroutines/service.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demo::coroutines::main()
}
