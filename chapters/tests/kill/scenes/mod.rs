//! The workers' loops, one for each primitive and queue, and the invariants that must hold.

mod primitives;
mod queues;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use chapters::processes::shared::{Place, Shared};
use chapters::processes::start::Method;
use chapters::processes::{Barrier, Condition, Event, Lock, Queue, RLock, Semaphore, SimpleQueue};
use chapters::random::Random;
use clap::ValueEnum;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::controller::Me;
use primitives::{Alone, Many, PARTIES, PERMITS, Rounds, Seats, Signal, Stock, Twice};
use queues::{Item, Items, LEDGER, MAX_ROOM, Pipeline, WORKERS};

/// A primitive or a queue in use.
pub trait Scene: Debug {
    /// One iteration of a worker's loop. Returns whether it has done something.
    fn iterate(&self, me: &mut Me) -> bool;

    /// Calls `during` while the primitive is held, if it can be, so that no other process can acquire it.
    fn hold(&self, _board: &Board, during: &mut dyn FnMut()) {
        during();
    }

    /// How many rounds all workers have completed together.
    fn rounds(&self) -> u64 {
        0
    }

    /// Checks the scene after all workers have ended, and reports how much work was lost with those that were killed.
    /// `killed` counts the kills of each worker.
    fn check(&self, board: &Board, iterations: u64, killed: &[u64]) -> String;
}

/// All scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Kind {
    Lock,
    RLock,
    Condition,
    Event,
    Semaphore,
    Barrier,
    Queue,
    SimpleQueue,
}

impl Kind {
    /// How many processes the short and the long test of a start method kill.
    pub fn kills(self) -> [(Method, u64, u64); 3] {
        match self {
            Self::Queue | Self::SimpleQueue => {
                [(Method::Fork, 100, 600), (Method::Spawn, 20, 150), (Method::Forkserver, 40, 300)]
            }
            _ => [(Method::Fork, 20, 400), (Method::Spawn, 4, 80), (Method::Forkserver, 6, 120)],
        }
    }

    pub fn workers(self) -> usize {
        match self {
            Self::Barrier => PARTIES,
            Self::Queue | Self::SimpleQueue => WORKERS,
            _ => 4,
        }
    }

    /// Whether the primitive reports that a holder died.
    pub fn reports_deaths(self) -> bool {
        matches!(self, Self::Lock | Self::RLock)
    }

    /// Whether a single worker can run another iteration: at a barrier, it finds the barrier broken.
    pub fn goes_on_alone(self) -> bool {
        matches!(self, Self::Lock | Self::RLock | Self::Semaphore | Self::Barrier)
    }

    /// How many words of shared memory the board and the scene have.
    pub fn words(self) -> usize {
        match self {
            Self::Queue | Self::SimpleQueue => 4096 + LEDGER,
            _ => 4096,
        }
    }

    /// Creates the parts of the scene, and returns where they are.
    pub fn make(self, memory: &Arc<Shared>, random: &mut Random) -> io::Result<Vec<Place>> {
        let room = random.random_range(64..MAX_ROOM);
        Ok(match self {
            Self::Lock => vec![Lock::<Many>::guarding(memory, [0; 1024])?.place(), memory.place(1)?],
            Self::RLock => vec![RLock::new(memory)?.place(), memory.place(3)?],
            Self::Condition => {
                vec![Lock::guarding(memory, [0_u64; 2])?.place(), Condition::new(memory)?.place()]
            }
            Self::Event => vec![Event::new(memory)?.place()],
            Self::Semaphore => vec![Semaphore::new(memory, PERMITS)?.place(), memory.place(PERMITS)?],
            Self::Barrier => vec![Barrier::new(memory, PARTIES)?.place(), memory.place(1 + PARTIES)?],
            Self::Queue => {
                let queue = Queue::<Item>::with_room(memory, random.random_range(0..4), room)?;
                vec![queue.place(), memory.place(LEDGER)?]
            }
            Self::SimpleQueue => {
                vec![SimpleQueue::<Item>::with_room(memory, room)?.place(), memory.place(LEDGER)?]
            }
        })
    }

    /// The scene that another process has created.
    pub fn at(self, memory: &Arc<Shared>, places: &[Place]) -> io::Result<Box<dyn Scene>> {
        let first = places[0];
        let second = |words| memory.at(places[1], words);
        Ok(match self {
            Self::Lock => Box::new(Alone { lock: Lock::at(memory, first)?, inside: second(1)? }),
            Self::RLock => Box::new(Twice { lock: RLock::at(memory, first)?, words: second(3)? }),
            Self::Condition => {
                Box::new(Stock { stock: Lock::at(memory, first)?, changed: Condition::at(memory, places[1])? })
            }
            Self::Event => Box::new(Signal { event: Event::at(memory, first)? }),
            Self::Semaphore => Box::new(Seats { semaphore: Semaphore::at(memory, first)?, seats: second(PERMITS)? }),
            Self::Barrier => Box::new(Rounds::at(memory, first, second(1 + PARTIES)?)?),
            Self::Queue => {
                let queue = Pipeline::Queue(Box::new(Queue::at(memory, first)?));
                Box::new(Items { queue, ledger: second(LEDGER)? })
            }
            Self::SimpleQueue => {
                let queue = Pipeline::Simple(SimpleQueue::at(memory, first)?);
                Box::new(Items { queue, ledger: second(LEDGER)? })
            }
        })
    }
}
