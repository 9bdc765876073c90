//! How threads execute commands: by calling the methods of the primitives.

macro_rules! finish {
    ($call:expr) => {
        $call
    };
}

#[path = "../commands.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
mod commands;
#[path = "../subjects.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for threads and once for coroutines")]
mod subjects;

use chapters::threads::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, LockGuard, Permit, PriorityQueue, Queue, RLock,
    RLockGuard, Semaphore, SimpleQueue,
};

use crate::local::Talk;
use crate::stage::millis;
use crate::words::{Answer, Do, misdirected};

pub use subjects::{Shared, act};

use subjects::die;

type Simple = SimpleQueue<u64>;

fn simple_queue() -> Shared {
    Shared::Simple(SimpleQueue::new())
}

/// The answer to acquiring an `RLock`.
fn reacquired(guard: Option<&RLockGuard>) -> Answer {
    guard.map_or(Answer::Refused, |_| Answer::Acquired)
}

async fn simple(queue: &Simple, talk: &mut Talk) {
    while let Some(command) = talk.listen().await {
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
