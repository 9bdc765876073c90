//! The bug that the chapter on debugging searches for, and the tools that find it.
//!
//! | command | what it does |
//! | --- | --- |
//! | `audit stress [--rounds=N]` | tries often, in four ways |
//! | `audit loom VERSION` | tries all interleavings with loom |
//! | `audit shuttle VERSION` | tries random interleavings with shuttle |
//! | `audit replay VERSION SCHEDULE` | repeats an interleaving that shuttle has printed |
//! | `audit trace` | prints a trace of the bug |
//! | `audit hang` | deadlocks, for a debugger |
//!
//! `VERSION` is `total`, `total_locked`, or `total_in_order`.

mod hang;
mod on_loom;
mod on_shuttle;
mod on_std;
mod stress;
mod traced;

use std::env;
use std::process::ExitCode;

/// The version of that name.
fn find<T: Copy>(name: &str, versions: &[(&str, T)]) -> Option<T> {
    versions.iter().find(|(known, _)| *known == name).map(|(_, version)| *version)
}

/// Does what the arguments say, or returns `None` if they are wrong.
fn run(arguments: &[&str]) -> Option<()> {
    match arguments {
        ["stress"] => stress::main(100_000),
        ["stress", rounds] => stress::main(rounds.strip_prefix("--rounds=")?.parse().ok()?),
        ["loom", name] => on_loom::check(find(name, &on_loom::TOTALS)?),
        ["shuttle", name] => on_shuttle::check(find(name, &on_shuttle::TOTALS)?),
        ["replay", name, schedule] => on_shuttle::replay(find(name, &on_shuttle::TOTALS)?, schedule),
        ["trace"] => traced::main(),
        ["hang"] => hang::main(),
        _ => return None,
    }
    Some(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if run(&arguments).is_none() {
        eprintln!("error: the first lines of chapters/examples/audit/main.rs list the commands");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}
