//! The same work under every model, measured. The code is in `choosing`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::measure::models::main()
}
