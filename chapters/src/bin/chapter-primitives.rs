//! The synchronization primitives, one at a time, in three worlds. The code is in `demos/primitives`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demos::primitives::main()
}
