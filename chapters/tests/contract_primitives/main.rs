//! One contract for the primitives and the queues, written once, and held by threads, coroutines and processes.
//!
//! A *scenario* is a conversation: it brings *actors* onto a *stage*, who share a lock, a barrier, a queue, tells one to
//! do something, and holds it to its answer, or to waiting. It does not know what the actors are. In each world
//! somebody else plays them: a thread, a task of either runtime, a process started in either way.
//!
//! Nothing here waits by the clock for something to have happened. That an actor waits is known from the system: all
//! actors sleep at the same moment ([`settled`]). So exactly two of five have been woken when two have answered and all
//! sleep. What should happen and does not is given up after 30 seconds, with the whole conversation printed.

mod coroutines;
mod scenarios;
mod settled;
mod stage;
mod threads;
mod words;

use chapters::coroutines::Runtime;
use coroutines::Coroutines;
use libtest_mimic::{Arguments, Trial};
use scenarios::{Kind, Scenario};
use stage::{Stage, World};

/// Plays a scenario in a world that this process can be.
fn play(scenario: Scenario, world: impl World + 'static) {
    let stage = Stage::new(Box::new(world));
    (scenario.play)(&stage);
    stage.ends();
}

fn main() {
    let mut trials = Vec::new();
    for scenario in scenarios::all() {
        let mut add = |kind, world: &str, play: fn(Scenario)| {
            if scenario.kinds.contains(&kind) {
                let name = format!("{world}::{}", scenario.name);
                trials.push(Trial::test(name, move || {
                    play(scenario);
                    Ok(())
                }));
            }
        };
        add(Kind::Thread, "threads", |scenario| play(scenario, threads::Threads));
        add(Kind::Coroutine, "coroutines_current_thread", |scenario| {
            play(scenario, Coroutines::new(Runtime::CurrentThread));
        });
        add(Kind::Coroutine, "coroutines_multi_thread", |scenario| {
            play(scenario, Coroutines::new(Runtime::MultiThread));
        });
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
