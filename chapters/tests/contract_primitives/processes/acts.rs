//! How processes execute commands: like `threads/acts.rs`.

macro_rules! finish {
    ($call:expr) => {
        $call
    };
}

#[path = "../commands.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
mod commands;

use std::sync::Arc;
use std::{io, panic};

use chapters::processes::queue::{GetError, PutError};
use chapters::processes::shared::{Place, Shared as Memory};
use chapters::processes::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, Permit, Queue, RLock, RLockGuard, Semaphore,
    SimpleQueue,
};
use nix::sys::signal::{self, Signal};

use commands::{barrier, bounded_semaphore, event, lock, queue, rlock, semaphore};

use super::Talk;
use crate::stage::millis;
use crate::words::{Action, Answer, Do, Subject, misdirected};

/// The subject.
pub enum Shared {
    Lock(Lock<u64>, Condition),
    RLock(RLock),
    Event(Event),
    Semaphore(Semaphore),
    BoundedSemaphore(BoundedSemaphore),
    Barrier(Barrier, Semaphore),
    Queue(Queue<u64>),
    Simple(SimpleQueue<u64>),
}

impl Shared {
    pub fn new(memory: &Arc<Memory>, subject: Subject) -> io::Result<Self> {
        Ok(match subject {
            Subject::Lock => Self::Lock(Lock::guarding(memory, 0)?, Condition::new(memory)?),
            Subject::RLock => Self::RLock(RLock::new(memory)?),
            Subject::Event => Self::Event(Event::new(memory)?),
            Subject::Semaphore { permits } => Self::Semaphore(Semaphore::new(memory, permits)?),
            Subject::BoundedSemaphore { permits } => Self::BoundedSemaphore(BoundedSemaphore::new(memory, permits)?),
            Subject::Barrier { parties, .. } => {
                Self::Barrier(Barrier::new(memory, parties)?, Semaphore::new(memory, 0)?)
            }
            Subject::Queue { maxsize } => Self::Queue(Queue::new(memory, maxsize)?),
            Subject::Simple => Self::Simple(SimpleQueue::new(memory)?),
            Subject::Lifo { .. } | Subject::Priority { .. } => panic!("processes have no {subject:?}"),
        })
    }

    /// Attaches to a subject that another process created with [`new`](Self::new).
    pub fn at(memory: &Arc<Memory>, subject: Subject, places: &[Place]) -> io::Result<Self> {
        Ok(match subject {
            Subject::Lock => Self::Lock(Lock::at(memory, places[0])?, Condition::at(memory, places[1])?),
            Subject::RLock => Self::RLock(RLock::at(memory, places[0])?),
            Subject::Event => Self::Event(Event::at(memory, places[0])?),
            Subject::Semaphore { .. } => Self::Semaphore(Semaphore::at(memory, places[0])?),
            Subject::BoundedSemaphore { .. } => Self::BoundedSemaphore(BoundedSemaphore::at(memory, places[0])?),
            Subject::Barrier { action, .. } => {
                let count = Semaphore::at(memory, places[1])?;
                let counted = Semaphore::at(memory, places[1])?;
                let run = move || {
                    counted.release(1);
                    if action == Action::Panics {
                        panic::resume_unwind(Box::new("as commanded"));
                    }
                };
                Self::Barrier(Barrier::at_with_action(memory, places[0], run)?, count)
            }
            Subject::Queue { .. } => Self::Queue(Queue::at(memory, places[0])?),
            Subject::Simple => Self::Simple(SimpleQueue::at(memory, places[0])?),
            Subject::Lifo { .. } | Subject::Priority { .. } => panic!("processes have no {subject:?}"),
        })
    }

    /// Returns where the subject is in the shared memory.
    pub fn places(&self) -> Vec<Place> {
        match self {
            Self::Lock(lock, condition) => vec![lock.place(), condition.place()],
            Self::RLock(it) => vec![it.place()],
            Self::Event(it) => vec![it.place()],
            Self::Semaphore(it) => vec![it.place()],
            Self::BoundedSemaphore(it) => vec![it.place()],
            Self::Barrier(it, actions) => vec![it.place(), actions.place()],
            Self::Queue(it) => vec![it.place()],
            Self::Simple(it) => vec![it.place()],
        }
    }
}

pub async fn act(shared: &Shared, talk: &mut Talk) {
    match shared {
        Shared::Lock(it, condition) => lock(it, condition, talk).await,
        Shared::RLock(it) => rlock(it, talk).await,
        Shared::Event(it) => event(it, talk).await,
        Shared::Semaphore(it) => semaphore(it, talk).await,
        Shared::BoundedSemaphore(it) => bounded_semaphore(it, talk).await,
        Shared::Barrier(it, actions) => barrier(it, actions, talk).await,
        Shared::Queue(it) => queue!(it, talk),
        Shared::Simple(it) => simple(it, talk).await,
    }
}

fn die() -> ! {
    signal::raise(Signal::SIGKILL).expect("a process may kill itself");
    unreachable!("it is dead")
}

/// The answer to acquiring an `RLock`.
fn reacquired(guard: Option<&RLockGuard>) -> Answer {
    match guard {
        Some(guard) if guard.is_abandoned() => Answer::AcquiredAbandoned,
        Some(_) => Answer::Acquired,
        None => Answer::Refused,
    }
}

async fn simple(queue: &SimpleQueue<u64>, talk: &mut Talk) {
    while let Some(command) = talk.listen().await {
        talk.answer(match command {
            Do::Put(item) => queue.put(item).into(),
            Do::Get => queue.get().into(),
            Do::TryGet => queue.try_get().into(),
            Do::GetTimeout(timeout) => queue.get_timeout(millis(timeout)).into(),
            Do::Len => queue.len().into(),
            Do::IsEmpty => queue.is_empty().into(),
            _ => misdirected(command),
        });
    }
}

impl From<Result<(), PutError<u64>>> for Answer {
    fn from(result: Result<(), PutError<u64>>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(PutError::Full(item)) => Self::Full(item),
            Err(PutError::ShutDown(item)) => Self::ShutDown(Some(item)),
            Err(PutError::Unsendable(_, reason)) => Self::Odd(reason),
        }
    }
}

impl From<Result<u64, GetError>> for Answer {
    fn from(result: Result<u64, GetError>) -> Self {
        match result {
            Ok(item) => Self::Item(item),
            Err(GetError::Empty) => Self::Empty,
            Err(GetError::ShutDown) => Self::ShutDown(None),
            Err(GetError::Corrupt) => Self::Odd("garbled".to_owned()),
        }
    }
}
