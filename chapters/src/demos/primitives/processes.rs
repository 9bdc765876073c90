//! The primitives at work between processes.

#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
#[path = "blocking.rs"]
mod blocking;

use std::io;
use std::sync::Arc;

pub use blocking::Stage;
use serde::{Deserialize, Serialize};

use super::{Pile, Primitive, places};
use crate::demos::workers::processes::{self as workers, SharedStage, Worker};
use crate::processes::shared::{Place, Shared};
use crate::processes::{Barrier, Condition, Event, Lock, RLock, Semaphore};

impl Stage {
    /// Sets up the stage for one scene.
    ///
    /// # Errors
    ///
    /// When `memory` is full.
    pub fn new(memory: &Arc<Shared>, scene: Primitive, workers: usize) -> io::Result<Self> {
        Ok(match scene {
            Primitive::Lock => Self::Lock(Lock::guarding(memory, 0)?),
            Primitive::RLock => Self::RLock(RLock::new(memory)?),
            Primitive::Condition => Self::Condition(Lock::guarding(memory, Pile::default())?, Condition::new(memory)?),
            Primitive::Event => Self::Event(Event::new(memory)?),
            Primitive::Semaphore => Self::Semaphore(Semaphore::new(memory, places(workers))?),
            Primitive::Barrier => Self::Barrier(Barrier::new(memory, workers)?),
        })
    }
}

/// Where in the shared memory a stage lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Places {
    /// Of [`Stage::Lock`].
    Lock(Place),
    /// Of [`Stage::RLock`].
    RLock(Place),
    /// Of [`Stage::Condition`].
    Condition(Place, Place),
    /// Of [`Stage::Event`].
    Event(Place),
    /// Of [`Stage::Semaphore`].
    Semaphore(Place),
    /// Of [`Stage::Barrier`].
    Barrier(Place),
}

impl SharedStage for Stage {
    type Places = Places;

    fn places(&self) -> Places {
        match self {
            Self::Lock(account) => Places::Lock(account.place()),
            Self::RLock(printer) => Places::RLock(printer.place()),
            Self::Condition(pile, higher) => Places::Condition(pile.place(), higher.place()),
            Self::Event(start) => Places::Event(start.place()),
            Self::Semaphore(kitchen) => Places::Semaphore(kitchen.place()),
            Self::Barrier(rounds) => Places::Barrier(rounds.place()),
        }
    }

    fn at(memory: &Arc<Shared>, places: Places) -> io::Result<Self> {
        Ok(match places {
            Places::Lock(account) => Self::Lock(Lock::at(memory, account)?),
            Places::RLock(printer) => Self::RLock(RLock::at(memory, printer)?),
            Places::Condition(pile, higher) => Self::Condition(Lock::at(memory, pile)?, Condition::at(memory, higher)?),
            Places::Event(start) => Self::Event(Event::at(memory, start)?),
            Places::Semaphore(kitchen) => Self::Semaphore(Semaphore::at(memory, kitchen)?),
            Places::Barrier(rounds) => Self::Barrier(Barrier::at(memory, rounds)?),
        })
    }
}
