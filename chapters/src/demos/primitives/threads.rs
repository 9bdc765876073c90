//! The primitives at work between threads.

#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
#[path = "blocking.rs"]
mod blocking;

pub use blocking::Stage;

use super::{Pile, Primitive, places};
use crate::demos::workers::threads::{self as workers, Worker};
use crate::threads::{Barrier, Condition, Event, Lock, RLock, Semaphore};

impl Stage {
    /// Sets up the stage for one scene.
    pub fn new(scene: Primitive, workers: usize) -> Self {
        match scene {
            Primitive::Lock => Self::Lock(Lock::guarding(0)),
            Primitive::RLock => Self::RLock(RLock::new()),
            Primitive::Condition => Self::Condition(Lock::guarding(Pile::default()), Condition::new()),
            Primitive::Event => Self::Event(Event::new()),
            Primitive::Semaphore => Self::Semaphore(Semaphore::new(places(workers))),
            Primitive::Barrier => Self::Barrier(Barrier::new(workers)),
        }
    }
}
