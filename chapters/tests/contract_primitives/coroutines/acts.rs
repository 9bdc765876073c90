//! How coroutines execute commands: by awaiting the methods of the primitives.

macro_rules! finish {
    ($call:expr) => {
        $call.await
    };
}

#[path = "../commands.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
mod commands;
#[path = "../subjects.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for threads and once for coroutines")]
#[allow(dead_code, reason = "coroutines lack a simple queue")]
mod subjects;

use std::convert::Infallible;

use chapters::coroutines::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, LockGuard, Permit, PriorityQueue, Queue, RLock,
    RLockGuard, Semaphore,
};

use crate::local::Talk;
use crate::words::Answer;

pub use subjects::{Shared, act};

use subjects::die;

/// Coroutines lack a simple queue.
type Simple = Infallible;

fn simple_queue() -> Shared {
    panic!("coroutines lack a simple queue")
}

async fn simple(queue: &Simple, _: &mut Talk) {
    match *queue {}
}

/// The answer to acquiring an `RLock`.
fn reacquired(guard: Option<&RLockGuard>) -> Answer {
    guard.map_or(Answer::Refused, |_| Answer::Acquired)
}
