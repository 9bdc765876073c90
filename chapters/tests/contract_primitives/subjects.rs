//! The subjects that actors in one process share, and how the actors execute commands on them. Compiled once for threads and
//! once for coroutines, with their types.

use std::panic;
use std::sync::Arc;

use chapters::storage::Storage;

use super::commands::{barrier, bounded_semaphore, event, lock, queue, rlock, semaphore};
use super::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, PriorityQueue, Queue, RLock, Semaphore, Simple, Talk,
    simple, simple_queue,
};
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
    Simple(Simple),
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
                        die();
                    }
                };
                Self::Barrier(Barrier::with_action(parties, run), count)
            }
            Subject::Queue { maxsize } => Self::Queue(Queue::new(maxsize)),
            Subject::Lifo { maxsize } => Self::Lifo(LifoQueue::new(maxsize)),
            Subject::Priority { maxsize } => Self::Priority(PriorityQueue::new(maxsize)),
            Subject::Simple => simple_queue(),
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
        Shared::Queue(it) => any_queue(it, talk).await,
        Shared::Lifo(it) => any_queue(it, talk).await,
        Shared::Priority(it) => any_queue(it, talk).await,
        Shared::Simple(it) => simple(it, talk).await,
    }
}

async fn any_queue<S: Storage<u64> + Send>(queue: &Queue<u64, S>, talk: &mut Talk) {
    queue!(queue, talk,
        Do::UnfinishedTasks => queue.unfinished_tasks(),
        Do::IsShutdown => queue.is_shutdown()
    );
}

pub fn die() -> ! {
    panic::resume_unwind(Box::new("as commanded"))
}
