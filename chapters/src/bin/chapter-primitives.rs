//! The synchronization primitives, one at a time, in three worlds. The code is in `tours/primitives`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::tours::primitives::main()
}
