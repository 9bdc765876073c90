//! The words that a conversation is held in: what actors share, what they are told to do, what they answer.
//!
//! They are values that can be sent, since an actor may be another process.

use chapters::errors::{Broken, GetError, PutError, TooMany};
use serde::{Deserialize, Serialize};

/// What the actors of a scenario share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A lock that guards a number, 0 at first, and a condition to wait on with its guard.
    Lock,
    RLock,
    Event,
    Semaphore {
        permits: usize,
    },
    BoundedSemaphore {
        permits: usize,
    },
    /// A barrier whose action is counted, and may panic.
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

/// What the action of a barrier does besides being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Returns,
    Panics,
}

/// What an actor is told to do. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Do {
    // Lock, RLock, semaphores.
    Acquire,
    TryAcquire,
    AcquireTimeout(u64),
    /// Drops the guard or permit that was taken last.
    Release,
    IsLocked,
    /// Panics while it holds what it holds; a process is killed instead, which is worse.
    Die,

    // The number that a lock guards, whose guard the actor holds.
    Read,
    Write(u64),
    /// Holding nothing: so many times, acquires, adds one in two steps, and releases.
    Count(u64),

    // Condition, with the guard that the actor holds. Event and Barrier wait too.
    Wait,
    WaitTimeout(u64),
    /// Until the number is at least this.
    WaitFor(u64),
    WaitForTimeout(u64, u64),
    Notify(usize),
    NotifyAll,
    /// Notifies one and waits itself, without a pause in which that one could wake up.
    NotifyAndWait,

    // Event.
    Set,
    Clear,
    /// Sets it and clears it, without a pause in which somebody could wake up.
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
    /// How often the action has run.
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
    TaskDone,
    Join,
    Shutdown {
        immediate: bool,
    },
}

/// What an actor answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is there, and listens.
    Ready,
    /// It did what needs no other answer.
    Done,
    Is(bool),
    Number(u64),
    /// It has the lock or the permit.
    Acquired,
    /// It has the lock, and was told that the last holder abandoned it.
    AcquiredAbandoned,
    /// It has not: it was taken, for as long as the actor was willing to wait.
    Refused,
    /// It passed the barrier with this index, after the action had run so many times.
    Passed {
        index: usize,
        actions: u64,
    },
    Broken,
    TooMany,
    Item(u64),
    Full(u64),
    Empty,
    /// There is no more to come, or the queue does not take this any more.
    ShutDown(Option<u64>),
    /// It is no more.
    Died,
    /// What no actor should have to answer.
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

/// What a simple queue gives: it has no other reason to give nothing than being empty.
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

/// What an actor says when it is told what its subject cannot do: the scenario is wrong, not the subject.
pub fn misdirected(told: Do) -> ! {
    panic!("no actor of this subject can be told {told:?} now")
}
