//! What processes do when they are told to: as `threads/acts.rs`.

use std::io;
use std::panic;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chapters::processes::queue::{GetError, PutError};
use chapters::processes::shared::{Place, Shared as Memory};
use chapters::processes::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, Permit, Queue, RLock, Semaphore, SimpleQueue,
};
use nix::sys::signal::{self, Signal};

use super::Talk;
use crate::words::{Action, Answer, Do, Subject, misdirected};

/// What the actors share.
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

    /// What another process made with [`new`](Self::new), from where it lies.
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
                        panic::resume_unwind(Box::new("as told"));
                    }
                };
                Self::Barrier(Barrier::at_with_action(memory, places[0], run)?, count)
            }
            Subject::Queue { .. } => Self::Queue(Queue::at(memory, places[0])?),
            Subject::Simple => Self::Simple(SimpleQueue::at(memory, places[0])?),
            Subject::Lifo { .. } | Subject::Priority { .. } => panic!("processes have no {subject:?}"),
        })
    }

    /// Where in memory it lies.
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

pub fn act(shared: &Shared, talk: &Talk) {
    match shared {
        Shared::Lock(it, condition) => lock(it, condition, talk),
        Shared::RLock(it) => rlock(it, talk),
        Shared::Event(it) => event(it, talk),
        Shared::Semaphore(it) => semaphore(it, talk),
        Shared::BoundedSemaphore(it) => bounded_semaphore(it, talk),
        Shared::Barrier(it, actions) => barrier(it, actions, talk),
        Shared::Queue(it) => queue(it, talk),
        Shared::Simple(it) => simple(it, talk),
    }
}

fn die() -> ! {
    signal::raise(Signal::SIGKILL).expect("a process may kill itself");
    unreachable!("it is dead")
}

fn millis(timeout: u64) -> Duration {
    Duration::from_millis(timeout)
}

type Held<'a> = Option<LockGuard<'a, u64>>;

fn lock(lock: &Lock<u64>, condition: &Condition, talk: &Talk) {
    let mut held = None;
    while let Some(told) = talk.listen() {
        let answer;
        (held, answer) = match held {
            None => without_guard(told, lock, condition),
            Some(guard) => with_guard(told, guard, lock, condition),
        };
        talk.answer(answer);
    }
}

fn without_guard<'a>(told: Do, lock: &'a Lock<u64>, condition: &Condition) -> (Held<'a>, Answer) {
    match told {
        Do::Acquire => taken(Some(lock.acquire())),
        Do::TryAcquire => taken(lock.try_acquire()),
        Do::AcquireTimeout(timeout) => taken(lock.acquire_timeout(millis(timeout))),
        Do::Count(times) => {
            for _ in 0..times {
                let mut guard = lock.acquire();
                let number = *guard;
                thread::yield_now();
                *guard = number + 1;
            }
            (None, Answer::Done)
        }
        _ => (None, either_way(told, lock, condition)),
    }
}

fn taken(held: Held) -> (Held, Answer) {
    let answer = match &held {
        Some(guard) if guard.is_abandoned() => Answer::AcquiredAbandoned,
        Some(_) => Answer::Acquired,
        None => Answer::Refused,
    };
    (held, answer)
}

fn with_guard<'a>(
    told: Do,
    mut guard: LockGuard<'a, u64>,
    lock: &'a Lock<u64>,
    condition: &Condition,
) -> (Held<'a>, Answer) {
    let mut answer = Answer::Done;
    match told {
        Do::Release => return (None, answer),
        Do::Die => die(),
        Do::Read => answer = Answer::Number(*guard),
        Do::Write(number) => *guard = number,
        Do::Wait => guard = condition.wait(guard),
        Do::NotifyAndWait => {
            condition.notify(1);
            guard = condition.wait(guard);
        }
        Do::WaitTimeout(timeout) => {
            let notified;
            (guard, notified) = condition.wait_timeout(guard, millis(timeout));
            answer = Answer::Is(notified);
        }
        Do::WaitFor(least) => guard = condition.wait_for(guard, |number| *number >= least),
        Do::WaitForTimeout(least, timeout) => {
            let holds;
            (guard, holds) = condition.wait_for_timeout(guard, millis(timeout), |number| *number >= least);
            answer = Answer::Is(holds);
        }
        _ => answer = either_way(told, lock, condition),
    }
    (Some(guard), answer)
}

fn either_way(told: Do, lock: &Lock<u64>, condition: &Condition) -> Answer {
    match told {
        Do::IsLocked => return Answer::Is(lock.is_locked()),
        Do::TryAcquire if lock.try_acquire().is_none() => return Answer::Refused,
        Do::Notify(n) => condition.notify(n),
        Do::NotifyAll => condition.notify_all(),
        _ => misdirected(told),
    }
    Answer::Done
}

fn rlock(rlock: &RLock, talk: &Talk) {
    let mut held = Vec::new();
    while let Some(told) = talk.listen() {
        let guard = match told {
            Do::Acquire => Some(rlock.acquire()),
            Do::TryAcquire => rlock.try_acquire(),
            Do::AcquireTimeout(timeout) => rlock.acquire_timeout(millis(timeout)),
            _ => {
                talk.answer(match told {
                    Do::Release => held.pop().map_or(Answer::Refused, |_| Answer::Done),
                    Do::IsLocked => Answer::Is(rlock.is_locked()),
                    Do::Die => die(),
                    _ => misdirected(told),
                });
                continue;
            }
        };
        talk.answer(match &guard {
            Some(guard) if guard.is_abandoned() => Answer::AcquiredAbandoned,
            Some(_) => Answer::Acquired,
            None => Answer::Refused,
        });
        held.extend(guard);
    }
}

fn event(event: &Event, talk: &Talk) {
    while let Some(told) = talk.listen() {
        let mut answer = Answer::Done;
        match told {
            Do::Set => event.set(),
            Do::Clear => event.clear(),
            Do::SetAndClear => {
                event.set();
                event.clear();
            }
            Do::IsSet => answer = Answer::Is(event.is_set()),
            Do::Wait => event.wait(),
            Do::WaitTimeout(timeout) => answer = Answer::Is(event.wait_timeout(millis(timeout))),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}

fn semaphore(semaphore: &Semaphore, talk: &Talk) {
    let mut permits = Vec::new();
    while let Some(told) = talk.listen() {
        let mut answer = Answer::Done;
        match told {
            Do::Acquire => answer = keep(&mut permits, Some(semaphore.acquire())),
            Do::TryAcquire => answer = keep(&mut permits, semaphore.try_acquire()),
            Do::AcquireTimeout(timeout) => answer = keep(&mut permits, semaphore.acquire_timeout(millis(timeout))),
            Do::Release => drop(permits.pop()),
            Do::Forget => permits.pop().map_or((), Permit::forget),
            Do::ReleaseMany(n) => semaphore.release(n),
            Do::Available => answer = Answer::from(semaphore.available()),
            Do::Die => die(),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}

fn bounded_semaphore(semaphore: &BoundedSemaphore, talk: &Talk) {
    let mut permits = Vec::new();
    while let Some(told) = talk.listen() {
        let mut answer = Answer::Done;
        match told {
            Do::Acquire => answer = keep(&mut permits, Some(semaphore.acquire())),
            Do::TryAcquire => answer = keep(&mut permits, semaphore.try_acquire()),
            Do::AcquireTimeout(timeout) => answer = keep(&mut permits, semaphore.acquire_timeout(millis(timeout))),
            Do::Release => drop(permits.pop()),
            Do::Forget => permits.pop().map_or((), Permit::forget),
            Do::ReleaseMany(n) => answer = semaphore.release(n).into(),
            Do::Available => answer = Answer::from(semaphore.available()),
            Do::Die => die(),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}

/// Keeps a permit, if there is one.
fn keep<'a>(permits: &mut Vec<Permit<'a>>, permit: Option<Permit<'a>>) -> Answer {
    let answer = if permit.is_some() { Answer::Acquired } else { Answer::Refused };
    permits.extend(permit);
    answer
}

fn barrier(barrier: &Barrier, actions: &Semaphore, talk: &Talk) {
    let passed = |index| Answer::Passed { index, actions: actions.available() as u64 };
    while let Some(told) = talk.listen() {
        let mut answer = Answer::Done;
        match told {
            Do::Wait => answer = barrier.wait().map(passed).into(),
            Do::WaitTimeout(timeout) => answer = barrier.wait_timeout(millis(timeout)).map(passed).into(),
            Do::Abort => barrier.abort(),
            Do::Reset => barrier.reset(),
            Do::IsBroken => answer = Answer::Is(barrier.is_broken()),
            Do::Waiting => answer = Answer::from(barrier.n_waiting()),
            Do::Parties => answer = Answer::from(barrier.parties()),
            Do::Actions => answer = Answer::from(actions.available()),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}

fn queue(queue: &Queue<u64>, talk: &Talk) {
    while let Some(told) = talk.listen() {
        let mut answer = Answer::Done;
        match told {
            Do::Put(item) => answer = queue.put(item).into(),
            Do::TryPut(item) => answer = queue.try_put(item).into(),
            Do::PutTimeout(item, timeout) => answer = queue.put_timeout(item, millis(timeout)).into(),
            Do::Get => answer = queue.get().into(),
            Do::TryGet => answer = queue.try_get().into(),
            Do::GetTimeout(timeout) => answer = queue.get_timeout(millis(timeout)).into(),
            Do::Len => answer = queue.len().into(),
            Do::IsEmpty => answer = queue.is_empty().into(),
            Do::IsFull => answer = queue.is_full().into(),
            Do::Maxsize => answer = queue.maxsize().into(),
            Do::TaskDone => answer = queue.task_done().into(),
            Do::Join => queue.join(),
            Do::Shutdown { immediate } => queue.shutdown(immediate),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}

fn simple(queue: &SimpleQueue<u64>, talk: &Talk) {
    while let Some(told) = talk.listen() {
        talk.answer(match told {
            Do::Put(item) => queue.put(item).into(),
            Do::Get => queue.get().into(),
            Do::TryGet => queue.try_get().into(),
            Do::GetTimeout(timeout) => queue.get_timeout(millis(timeout)).into(),
            Do::Len => queue.len().into(),
            Do::IsEmpty => queue.is_empty().into(),
            _ => misdirected(told),
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
            Err(GetError::Garbled) => Self::Odd("garbled".to_owned()),
        }
    }
}
