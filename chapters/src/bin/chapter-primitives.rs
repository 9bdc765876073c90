//! The synchronization primitives, one at a time, with three models. The code is in `demos/primitives`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demos::primitives::main()
}
