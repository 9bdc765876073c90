//! What an interpreter lock does to threads, measured side by side. The code is in `measure/gil`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::measure::gil::main()
}
