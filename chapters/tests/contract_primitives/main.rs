//! One contract for the primitives and the queues of threads, coroutines and processes.
//!
//! A *scenario* is a test that is written once and runs with all three models. It has *actors* on a *stage*, which
//! share a *subject*: a lock, a barrier, a queue, or another primitive. The scenario sends commands to the actors, and
//! checks that they answer, or that they wait. An actor is a thread, a task of one of the runtimes, or a process that
//! was started with one of the methods.
//!
//! No scenario sleeps until something is likely to have happened. The stage detects that an actor is waiting by asking
//! the operating system whether all actors are asleep at the same time ([`settled`]). For example, exactly two of five
//! actors have been woken if two have answered and all are asleep. If an answer is missing after 90 seconds, the
//! scenario fails and prints the conversation.
//!
//! Comments name differences from Python. They were checked with CPython 3.11, and with 3.13 for the shutdown of
//! queues.

mod coroutines;
mod local;
#[cfg(target_os = "linux")]
mod processes;
mod scenarios;
mod settled;
mod stage;
mod threads;
mod words;

use std::process::ExitCode;

use chapters::coroutines::Runtime;
use coroutines::Coroutines;
use libtest_mimic::{Arguments, Failed, Trial};
use scenarios::{Kind, Scenario};
use stage::{Model, Stage};
use threads::Threads;

/// Runs a scenario with actors in this process.
fn play(scenario: Scenario, model: impl Model + 'static) -> Result<(), Failed> {
    let stage = Stage::new(Box::new(model));
    (scenario.play)(&stage);
    stage.ends();
    Ok(())
}

/// The number of tests at once. They wait for most of their time.
const TEST_THREADS: usize = 6;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = processes::child() {
        return status;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    libtest_mimic::run(&arguments, trials()).exit_code()
}

/// Each scenario with each model.
fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for scenario in scenarios::all() {
        let mut add = |kind, model: &str, play: fn(Scenario) -> Result<(), Failed>| {
            if scenario.kinds.contains(&kind) {
                trials.push(Trial::test(format!("{model}::{}", scenario.name), move || play(scenario)));
            }
        };
        add(Kind::Thread, "threads", |it| play(it, Threads));
        add(Kind::Coroutine, "coroutines_current_thread", |it| play(it, Coroutines::new(Runtime::CurrentThread)));
        add(Kind::Coroutine, "coroutines_multi_thread", |it| play(it, Coroutines::new(Runtime::MultiThread)));
        #[cfg(target_os = "linux")]
        {
            add(Kind::Process, "processes_fork", |it| processes::control(it, "fork"));
            add(Kind::Process, "processes_spawn", |it| processes::control(it, "spawn"));
            add(Kind::Process, "processes_forkserver", |it| processes::control(it, "forkserver"));
        }
    }
    trials
}
