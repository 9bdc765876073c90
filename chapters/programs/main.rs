//! You are the scheduler. The code is in `chapters::scheduler`, and the programs are beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    chapters::scheduler::command::main(programs::ALL)
}
