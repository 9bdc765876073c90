//! The scenarios: the behavior that Python's modules and these share in all models.

mod barrier;
mod condition;
mod event;
mod exclusive;
mod lock;
mod orders;
mod queue;
mod semaphore;
mod shutdown;

use crate::stage::Stage;

/// The kinds of actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Thread,
    Coroutine,
    Process,
}

pub const ANY: &[Kind] = &[Kind::Thread, Kind::Coroutine, Kind::Process];
/// The kinds of actors that can be ended while they wait: a task is aborted, and a process is killed.
pub const MORTAL: &[Kind] = &[Kind::Coroutine, Kind::Process];

/// A scenario, and the kinds of actors that it is for.
#[derive(Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    pub kinds: &'static [Kind],
    pub play: fn(&Stage),
}

/// Scenarios by the names of their functions.
macro_rules! scenarios {
    ($($kinds:expr => $($play:ident),+;)+) => {
        pub const SCENARIOS: &[crate::scenarios::Scenario] = &[$($(
            crate::scenarios::Scenario { name: stringify!($play), kinds: $kinds, play: $play },
        )+)+];
    };
}
use scenarios;

/// All of them.
pub fn all() -> impl Iterator<Item = Scenario> {
    let files = [
        exclusive::SCENARIOS,
        lock::SCENARIOS,
        condition::SCENARIOS,
        event::SCENARIOS,
        semaphore::SCENARIOS,
        barrier::SCENARIOS,
        queue::SCENARIOS,
        shutdown::SCENARIOS,
        orders::SCENARIOS,
    ];
    files.into_iter().flatten().copied()
}
