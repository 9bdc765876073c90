//! The queues, one trait at a time, in three worlds. The code is in `demos/queues`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demos::queues::main()
}
