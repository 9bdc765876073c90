//! The messages between a scenario and its actors: subjects, commands and answers.
//!
//! They can be serialized, because an actor may be another process.

use chapters::errors::{Broken, GetError, PutError, TooMany};
use serde::{Deserialize, Serialize};

/// The primitive or queue that the actors of a scenario share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A lock that guards a number, 0 at first, and a condition.
    Lock,
    RLock,
    Event,
    Semaphore {
        permits: usize,
    },
    BoundedSemaphore {
        permits: usize,
    },
    /// A barrier with an action that counts its calls, and may panic.
    Barrier {
        parties: usize,
        action: Action,
    },
    Queue {
        maxsize: usize,
    },
    Lifo {
        maxsize: usize,
    },
    Priority {
        maxsize: usize,
    },
    Simple,
}

/// How the action of a barrier ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Returns,
    Panics,
}

/// A command to an actor. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Do {
    // Lock, RLock, semaphores.
    Acquire,
    TryAcquire,
    AcquireTimeout(u64),
    /// Drops the guard or permit that was acquired last.
    Release,
    IsLocked,
    /// Panics with its guards and permits in scope. A process kills itself instead, so that they aren't dropped.
    Die,

    // The guard that the actor holds, and the number that it guards.
    IsAbandoned,
    Read,
    Write(u64),

    // Condition, with the guard that the actor holds. Wait and WaitTimeout are also for Event and Barrier.
    Wait,
    WaitTimeout(u64),
    /// Waits until the number is at least this.
    WaitFor(u64),
    WaitForTimeout(u64, u64),
    Notify(usize),
    NotifyAll,
    /// Notifies one, and waits right afterward, before that one can wake up.
    NotifyAndWait,

    // Event.
    Set,
    Clear,
    /// Sets the event and clears it right afterward, before a waiting actor can wake up.
    SetAndClear,
    IsSet,

    // Semaphores.
    Forget,
    ReleaseMany(usize),
    Available,

    // Barrier.
    Abort,
    Reset,
    IsBroken,
    Waiting,
    Parties,
    /// How many times the action has run.
    Actions,

    // Queues.
    Put(u64),
    TryPut(u64),
    PutTimeout(u64, u64),
    Get,
    TryGet,
    GetTimeout(u64),
    Len,
    IsEmpty,
    IsFull,
    Maxsize,
    UnfinishedTasks,
    IsShutdown,
    TaskDone,
    Join,
    Shutdown {
        immediate: bool,
    },
}

/// The answer of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The actor has started.
    Ready,
    /// The command has no result.
    Done,
    Is(bool),
    Number(u64),
    /// The actor has the lock or the permit.
    Acquired,
    /// The actor has the lock, and the guard reports that the previous holder abandoned it.
    AcquiredAbandoned,
    /// The lock or the permits weren't available, or not in time.
    Refused,
    /// The actor passed the barrier with this index. By then, the action had run `actions` times.
    Passed {
        index: usize,
        actions: u64,
    },
    Broken,
    TooMany,
    Item(u64),
    Full(u64),
    Empty,
    /// The queue was shut down. With the item that it didn't accept, or without one if the actor wanted to take one.
    ShutDown(Option<u64>),
    /// The actor has ended.
    Died,
    /// An unexpected error.
    Odd(String),
}

impl From<bool> for Answer {
    fn from(is: bool) -> Self {
        Self::Is(is)
    }
}

impl From<usize> for Answer {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<Result<(), PutError<u64>>> for Answer {
    fn from(result: Result<(), PutError<u64>>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(PutError::Full(item)) => Self::Full(item),
            Err(PutError::ShutDown(item)) => Self::ShutDown(Some(item)),
        }
    }
}

impl From<Result<u64, GetError>> for Answer {
    fn from(result: Result<u64, GetError>) -> Self {
        match result {
            Ok(item) => Self::Item(item),
            Err(GetError::Empty) => Self::Empty,
            Err(GetError::ShutDown) => Self::ShutDown(None),
        }
    }
}

/// A simple queue returns `None` only if it is empty.
impl From<Option<u64>> for Answer {
    fn from(item: Option<u64>) -> Self {
        item.map_or(Self::Empty, Self::Item)
    }
}

impl From<Result<(), TooMany>> for Answer {
    fn from(result: Result<(), TooMany>) -> Self {
        result.map_or(Self::TooMany, |()| Self::Done)
    }
}

impl From<Result<Answer, Broken>> for Answer {
    fn from(result: Result<Answer, Broken>) -> Self {
        result.unwrap_or(Self::Broken)
    }
}

/// Panics because a scenario sent a command that doesn't exist for its subject.
pub fn misdirected(command: Do) -> ! {
    panic!("the subject has no command {command:?} now")
}
