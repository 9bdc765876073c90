//! The queues of processes, under `SIGKILL` at random moments.
//!
//! Two processes put numbered items, and three get them. The queue is small, so that both sides wait. A *conductor*
//! repeatedly kills one of them, or all of one side, and starts replacements. No process may hang. At the end, no item
//! was delivered twice or torn; every item that was put has been delivered, except for those that a killed getter held;
//! `join` returns; and `lost` has counted the tasks that the dead processes had not done.
//!
//! Each conductor is a process of its own, with one thread, so that it may fork. It prints the seed of its random
//! choices. The scheduling of the workers, and the exact point of each kill, can't be repeated.

mod conductor;
mod ledger;
mod worker;

use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chapters::processes::start::{Method, child_main};
use chapters::random::{Random, Seed};
use clap::ValueEnum;
use libtest_mimic::{Arguments, Failed, Trial};
use rand::RngExt;

use conductor::{Kind, Performance};
use worker::Worker;

/// The argument that makes a conductor of this program.
const CONDUCT: &str = "conduct";

/// The time limit of a run. A process that waits inside it for more than [`worker::LIMIT`] fails earlier.
const LONGEST: Duration = Duration::from_secs(900);

/// The number of tests at once. They wait for most of their time.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    if let Some(status) = child_main::<Worker>() {
        return status;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == CONDUCT) {
        let performance: Performance = serde_json::from_str(&arguments[1]).expect("a test wrote it");
        println!("{}", performance.conduct());
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for kind in [Kind::Queue, Kind::SimpleQueue] {
        for (method, few, many) in [(Method::Fork, 100, 600), (Method::Spawn, 20, 150), (Method::Forkserver, 40, 300)] {
            for (kills, words, long) in [(few, "at any moment", false), (many, "again and again", true)] {
                let method_name = method.to_possible_value().expect("no method is hidden").get_name().to_owned();
                let name = format!("{kind:?}::{method_name}::survives kills {words}");
                let trial = Trial::test(name, move || stage(kind, method, kills));
                trials.push(trial.with_ignored_flag(long));
            }
        }
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Starts a conductor, and prints its report.
fn stage(kind: Kind, method: Method, kills: u64) -> Result<(), Failed> {
    let seed = Random::new(&Seed::fresh()).random();
    let performance = Performance { kind, method: method as u8, kills, seed };
    let performance = serde_json::to_string(&performance)?;
    let mut conductor = Command::new(std::env::current_exe()?);
    let conductor = conductor.args([CONDUCT, &performance]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut conductor = conductor.spawn()?;
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = conductor.try_wait()? {
            break status;
        }
        if begin.elapsed() > LONGEST {
            conductor.kill()?;
            return Err(format!("{performance}: hung for {LONGEST:?}").into());
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    let (mut out, mut err) = (String::new(), String::new());
    conductor.stdout.take().expect("a pipe").read_to_string(&mut out)?;
    conductor.stderr.take().expect("a pipe").read_to_string(&mut err)?;
    print!("{out}");
    if status.success() { Ok(()) } else { Err(format!("{performance}: {status}: {err}").into()) }
}
