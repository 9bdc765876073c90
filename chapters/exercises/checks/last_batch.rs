//! Checks `last_batch`.
//!
//! The clock stands still while any task can run, and then jumps to the next timer.

use checks::gate::polled_at_most;
use checks::{Check, Checks};
use std::cell::RefCell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chapters::coroutines::Queue;
use tokio::runtime::Builder;
use tokio::time::{self, Instant};

use super::last_batch::work;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("A worker writes seven items.", check)]);

/// How many items there are: not a number of whole batches.
const ITEMS: u32 = 7;

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        all_at_once(ITEMS, &[3, 3, 1]).await?;
        all_at_once(6, &[3, 3]).await?;
        all_at_once(0, &[]).await?;
        one_by_one().await?;
        cut_off().await
    })
}

/// Lets a worker write items that are there at the beginning.
async fn all_at_once(items: u32, expected: &[usize]) -> Result<(), String> {
    let (queue, start) = (Queue::new(0), Instant::now());
    (0..items).for_each(|item| queue.try_put(item).expect("it has room for all"));
    queue.shutdown(false);
    let (mut written, mut sizes, mut joined) = (Vec::new(), Vec::new(), false);
    let worker = work(&queue, |batch| {
        joined |= is_joined(&queue);
        sizes.push(batch.len());
        written.extend_from_slice(batch);
    });
    polled_at_most(100, "The worker", worker).await;
    if !written.iter().copied().eq(0..items) {
        return Err(match items.checked_sub(1) {
            Some(last) => format!("The items from 0 to {last} were put, and {written:?} were written."),
            None => format!("No items were put, and {written:?} were written."),
        });
    }
    if sizes != expected {
        return Err(format!(
            "{items} items were put, and the batches had the sizes {sizes:?} instead of {expected:?}."
        ));
    }
    if joined {
        return Err("`join` returned before the last batch had been written.".to_owned());
    }
    if !is_joined(&queue) {
        return Err("All items have been written, but `join` is still waiting.".to_owned());
    }
    match start.elapsed() {
        Duration::ZERO => Ok(()),
        slept => Err(format!("There were items to write, and the worker slept for {slept:?}.")),
    }
}

/// Puts items into an open queue, and looks at what the worker writes, and when.
async fn one_by_one() -> Result<(), String> {
    let (queue, sizes) = (Queue::new(0), RefCell::new(vec![]));
    let worker = polled_at_most(30, "The worker", work(&queue, |batch| sizes.borrow_mut().push(batch.len())));
    let puts = async {
        let mut put = 0;
        for (more, expected) in [(3, vec![3]), (2, vec![3]), (1, vec![3, 3])] {
            (put..put + more).for_each(|item| queue.try_put(item).expect("it has room for all"));
            put += more;
            time::sleep(Duration::from_secs(3600)).await;
            let sizes = sizes.borrow().clone();
            if sizes != expected {
                return Err(format!(
                    "{put} items were put, and the queue is still open. The batches have the sizes {sizes:?} instead of {expected:?}."
                ));
            }
            if is_joined(&queue) != (put % 3 == 0) {
                return Err(format!(
                    "{put} items were put, and `task_done` was called {} times.",
                    put as usize - queue.unfinished_tasks()
                ));
            }
        }
        queue.shutdown(false);
        Ok(())
    };
    // After an error, the worker may go on forever.
    let worker = async {
        worker.await;
        Ok::<(), String>(())
    };
    tokio::try_join!(worker, puts).map(|_| ())
}

/// Whether a task that joins the queue continues at once.
fn is_joined(queue: &Queue<u32>) -> bool {
    pin!(queue.join()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

/// The queue is shut down at once, while the worker has two items.
async fn cut_off() -> Result<(), String> {
    let (queue, written) = (Queue::new(0), RefCell::new(vec![]));
    let worker = polled_at_most(30, "The worker", work(&queue, |batch| written.borrow_mut().push(batch.to_vec())));
    let puts = async {
        (0..2).for_each(|item| queue.try_put(item).expect("it has room for all"));
        time::sleep(Duration::from_secs(3600)).await;
        queue.shutdown(true);
    };
    tokio::join!(worker, puts);
    let written = written.borrow().clone();
    if written != [vec![0, 1]] {
        return Err(format!("A worker had taken 0 and 1 when the queue was shut down, and it wrote {written:?}."));
    }
    match is_joined(&queue) {
        true => Ok(()),
        false => Err("All items have been written, but `join` is still waiting.".to_owned()),
    }
}
