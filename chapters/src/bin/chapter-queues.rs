//! The queues, one trait at a time, in three worlds. The code is in `tours/queues`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::tours::queues::main()
}
