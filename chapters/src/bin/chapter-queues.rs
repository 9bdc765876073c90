//! The queues, one property at a time, with three models. The code is in `demos/queues`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::demos::queues::main()
}
