//! The service with threads for workers. The code is in `threads/service.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demo::threads::main()
}
