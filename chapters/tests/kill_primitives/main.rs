//! The primitives of processes, under `SIGKILL` at random moments.
//!
//! A *scene* is a primitive that a few worker processes use in a tight loop. A *conductor* repeatedly kills one of
//! them, or stops it first, or kills all but one, and starts replacements. The tests check that no process hangs, that
//! each scene's invariants hold, and that the next process to acquire a lock, and only that one, learns that its holder
//! died. They count the work that was lost.
//!
//! Each conductor is a process of its own, with one thread, so that it may fork. It prints the seed of its random
//! choices. The scheduling of the workers, and the exact point of each kill, can't be repeated.

mod board;
mod conductor;
mod copies;
mod scenes;

use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chapters::processes::start::{Method, child_main};
use chapters::random::{Random, Seed};
use clap::ValueEnum;
use libtest_mimic::{Arguments, Failed, Trial};
use rand::RngExt;

use conductor::{Performance, Worker};
use scenes::Kind;

/// The argument that starts this program as a process with one thread: a conductor, or one that copies its guards.
const CONDUCT: &str = "conduct";
const COPY: &str = "copy";

/// The time limit of a run. A process that waits inside it for more than [`board::LIMIT`] fails earlier.
const LONGEST: Duration = Duration::from_secs(900);

fn main() -> ExitCode {
    if let Some(status) = child_main::<Worker>() {
        return status;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [CONDUCT, performance] => {
            let performance: Performance = serde_json::from_str(performance).expect("a test wrote it");
            println!("{}", performance.conduct());
            return ExitCode::SUCCESS;
        }
        [COPY] => {
            copies::do_nothing();
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let mut trials = vec![Trial::test("the copies of guards in a forked child do nothing", || run(&[COPY]))];
    for kind in Kind::ALL {
        for (method, few, many) in [(Method::Fork, 20, 400), (Method::Spawn, 4, 80), (Method::Forkserver, 6, 120)] {
            for (kills, words, long) in [(few, "at any moment", false), (many, "again and again", true)] {
                let method_name = method.to_possible_value().expect("no method is hidden").get_name().to_owned();
                let name = format!("{}::{method_name}::survives kills {words}", kind.name());
                let trial = Trial::test(name, move || stage(kind, method, kills));
                trials.push(trial.with_ignored_flag(long));
            }
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Starts a conductor.
fn stage(kind: Kind, method: Method, kills: u64) -> Result<(), Failed> {
    let seed = Random::new(&Seed::fresh()).random();
    let performance = Performance { kind, method: method as u8, kills, seed };
    run(&[CONDUCT, &serde_json::to_string(&performance)?])
}

/// Runs this program with arguments, and prints its report.
fn run(arguments: &[&str]) -> Result<(), Failed> {
    let mut process = Command::new(std::env::current_exe()?);
    let mut process = process.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        if begin.elapsed() > LONGEST {
            process.kill()?;
            return Err(format!("{arguments:?}: hung for {LONGEST:?}").into());
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    let (mut out, mut err) = (String::new(), String::new());
    process.stdout.take().expect("a pipe").read_to_string(&mut out)?;
    process.stderr.take().expect("a pipe").read_to_string(&mut err)?;
    print!("{out}");
    if status.success() { Ok(()) } else { Err(format!("{arguments:?}: {status}: {err}").into()) }
}
