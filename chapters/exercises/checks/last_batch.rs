//! Checks `last_batch`.

use checks::{Check, Checks};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chapters::coroutines::Queue;
use tokio::runtime::Builder;

use super::last_batch::work;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("A worker writes seven items.", check)]);

/// How many items there are: not a number of whole batches.
const ITEMS: u32 = 7;

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let queue = Queue::new(0);
    (0..ITEMS).for_each(|item| queue.try_put(item).expect("it has room for all"));
    queue.shutdown(false);
    let (mut written, mut joined) = (Vec::new(), false);
    runtime.block_on(work(&queue, |batch| {
        joined |= is_joined(&queue);
        written.extend_from_slice(batch);
    }));
    if !written.iter().copied().eq(0..ITEMS) {
        return Err(format!("The items from 0 to {} were put, and {written:?} were written.", ITEMS - 1));
    }
    if joined {
        return Err("`join` returned before the last batch had been written.".to_owned());
    }
    if !is_joined(&queue) {
        return Err("All items have been written, but `join` is still waiting.".to_owned());
    }
    Ok(())
}

/// Whether a task that joins the queue continues at once.
fn is_joined(queue: &Queue<u32>) -> bool {
    pin!(queue.join()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}
