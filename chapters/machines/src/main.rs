//! The service with workers on many machines. The code is in `service.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    machines::demo::main()
}
