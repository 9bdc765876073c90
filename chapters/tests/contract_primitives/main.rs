//! One contract for the primitives and the queues, written once, and held by threads, coroutines and processes.
//!
//! A *scenario* is a conversation: it brings *actors* onto a *stage*, who share a lock, a barrier, a queue, tells one to
//! do something, and holds it to its answer, or to waiting. It does not know what the actors are. In each world
//! somebody else plays them: a thread, a task of either runtime, a process started in either way.
//!
//! Nothing here waits by the clock for something to have happened. That an actor waits is known from the system: all
//! actors sleep at the same moment ([`settled`]). So exactly two of five have been woken when two have answered and all
//! sleep. What should happen and does not is given up after 30 seconds, with the whole conversation printed.
//!
//! Where a scenario says that Python does otherwise, that was tried: with CPython 3.11, and 3.13 for the shutdown of queues.

mod coroutines;
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
use stage::{Stage, World};
use threads::Threads;

/// Plays a scenario in a world that this process can be.
fn play(scenario: Scenario, world: impl World + 'static) -> Result<(), Failed> {
    let stage = Stage::new(Box::new(world));
    (scenario.play)(&stage);
    stage.ends();
    Ok(())
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = processes::child() {
        return status;
    }
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}

/// Every scenario in every world.
fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for scenario in scenarios::all() {
        let mut add = |kind, world: &str, play: fn(Scenario) -> Result<(), Failed>| {
            if scenario.kinds.contains(&kind) {
                trials.push(Trial::test(format!("{world}::{}", scenario.name), move || play(scenario)));
            }
        };
        add(Kind::Thread, "threads", |it| play(it, Threads));
        add(Kind::Coroutine, "coroutines_current_thread", |it| play(it, Coroutines::new(Runtime::CurrentThread)));
        add(Kind::Coroutine, "coroutines_multi_thread", |it| play(it, Coroutines::new(Runtime::MultiThread)));
        #[cfg(target_os = "linux")]
        {
            add(Kind::Process, "processes_fork", |it| processes::conduct(it, "fork"));
            add(Kind::Process, "processes_spawn", |it| processes::conduct(it, "spawn"));
            add(Kind::Process, "processes_forkserver", |it| processes::conduct(it, "forkserver"));
        }
    }
    trials
}
