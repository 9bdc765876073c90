//! How threads execute commands: by calling the methods of the primitives.

#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
#[path = "../blocking.rs"]
mod blocking;

use std::panic;
use std::sync::Arc;

use chapters::storage::Storage;
use chapters::threads::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, LockGuard, Permit, PriorityQueue, Queue, RLock,
    RLockGuard, Semaphore, SimpleQueue,
};

use blocking::{barrier, bounded_semaphore, event, lock, rlock, semaphore};

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
                        panic::resume_unwind(Box::new("as commanded"));
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
    panic::resume_unwind(Box::new("as commanded"))
}

/// The answer to acquiring an `RLock`.
fn reacquired(guard: Option<&RLockGuard>) -> Answer {
    guard.map_or(Answer::Refused, |_| Answer::Acquired)
}

fn queue<S: Storage<u64>>(queue: &Queue<u64, S>, talk: &Talk) {
    while let Some(command) = talk.listen() {
        let mut answer = Answer::Done;
        match command {
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
            Do::UnfinishedTasks => answer = queue.unfinished_tasks().into(),
            Do::IsShutdown => answer = queue.is_shutdown().into(),
            Do::TaskDone => answer = queue.task_done().into(),
            Do::Join => queue.join(),
            Do::Shutdown { immediate } => queue.shutdown(immediate),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}

fn simple(queue: &SimpleQueue<u64>, talk: &Talk) {
    while let Some(command) = talk.listen() {
        let mut answer = Answer::Done;
        match command {
            Do::Put(item) => queue.put(item),
            Do::Get => answer = Answer::Item(queue.get()),
            Do::TryGet => answer = queue.try_get().into(),
            Do::GetTimeout(timeout) => answer = queue.get_timeout(millis(timeout)).into(),
            Do::Len => answer = queue.len().into(),
            Do::IsEmpty => answer = queue.is_empty().into(),
            _ => misdirected(command),
        }
        talk.answer(answer);
    }
}
