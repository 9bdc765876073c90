//! What threads do when they are told to: the primitives' own methods, and no more.

use std::panic;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chapters::storage::Storage;
use chapters::threads::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, LockGuard, Permit, PriorityQueue, Queue, RLock,
    Semaphore, SimpleQueue,
};

use super::Talk;
use crate::words::{Action, Answer, Do, Subject, misdirected};

/// What the actors share.
pub enum Shared {
    Lock(Lock<u64>, Condition),
    RLock(RLock),
    Event(Event),
    Semaphore(Semaphore),
    BoundedSemaphore(BoundedSemaphore),
    Barrier(Barrier, Arc<Semaphore>),
    Queue(Queue<u64>),
    Lifo(LifoQueue<u64>),
    Priority(PriorityQueue<u64>),
    Simple(SimpleQueue<u64>),
}

impl Shared {
    pub fn new(subject: Subject) -> Self {
        match subject {
            Subject::Lock => Self::Lock(Lock::guarding(0), Condition::new()),
            Subject::RLock => Self::RLock(RLock::new()),
            Subject::Event => Self::Event(Event::new()),
            Subject::Semaphore { permits } => Self::Semaphore(Semaphore::new(permits)),
            Subject::BoundedSemaphore { permits } => Self::BoundedSemaphore(BoundedSemaphore::new(permits)),
            Subject::Barrier { parties, action } => {
                let count = Arc::new(Semaphore::new(0));
                let counted = Arc::clone(&count);
                let run = move || {
                    counted.release(1);
                    if action == Action::Panics {
                        panic::resume_unwind(Box::new("as told"));
                    }
                };
                Self::Barrier(Barrier::with_action(parties, run), count)
            }
            Subject::Queue { maxsize } => Self::Queue(Queue::new(maxsize)),
            Subject::Lifo { maxsize } => Self::Lifo(LifoQueue::new(maxsize)),
            Subject::Priority { maxsize } => Self::Priority(PriorityQueue::new(maxsize)),
            Subject::Simple => Self::Simple(SimpleQueue::new()),
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
        Shared::Lifo(it) => queue(it, talk),
        Shared::Priority(it) => queue(it, talk),
        Shared::Simple(it) => simple(it, talk),
    }
}

fn die() -> ! {
    panic::resume_unwind(Box::new("as told"))
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
        talk.answer(if guard.is_some() { Answer::Acquired } else { Answer::Refused });
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

fn queue<S: Storage<u64>>(queue: &Queue<u64, S>, talk: &Talk) {
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
        let mut answer = Answer::Done;
        match told {
            Do::Put(item) => queue.put(item),
            Do::Get => answer = Answer::Item(queue.get()),
            Do::TryGet => answer = queue.try_get().into(),
            Do::GetTimeout(timeout) => answer = queue.get_timeout(millis(timeout)).into(),
            Do::Len => answer = queue.len().into(),
            Do::IsEmpty => answer = queue.is_empty().into(),
            _ => misdirected(told),
        }
        talk.answer(answer);
    }
}
