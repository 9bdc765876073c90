//! Checks `half_a_pair`: drops `next` while it waits, and looks for the glove that it had taken.

use checks::gate::{both, polled_at_most};
use checks::{Check, Checks, threads};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{self, Instant};

use super::half_a_pair::Pairs;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Calls of `next` are dropped while they wait.", check)]);

/// Polls a future once, and drops it if it isn't ready.
fn try_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    {
        let _context = runtime.enter();
        starts_no_thread()?;
        drops()?;
    }
    runtime.block_on(waits())
}

fn starts_no_thread() -> Result<(), String> {
    let before = threads::count();
    let (_line, gloves) = async_channel::unbounded();
    let mut pairs = Pairs::new(gloves);
    _ = try_once(pairs.next());
    match threads::count() > before {
        true => Err("There are more threads than before: `next` has to do its work itself.".to_owned()),
        false => Ok(()),
    }
}

/// Waits for hours between the gloves, on a clock that jumps to the next timer when all tasks wait.
async fn waits() -> Result<(), String> {
    const HOUR: Duration = Duration::from_secs(3600);
    let ((line, gloves), start) = (async_channel::unbounded(), Instant::now());
    let mut pairs = Pairs::new(gloves);
    let puts = async {
        for glove in 1..=4 {
            time::sleep(HOUR).await;
            line.try_send(glove).expect("the line is open");
        }
    };
    let takes = polled_at_most(20, "The task that calls `next`", async {
        let first = (pairs.next().await, start.elapsed());
        (first, (pairs.next().await, start.elapsed()))
    });
    let (taken, ()) = both(takes, puts).await;
    let expected = ((Some((1, 2)), 2 * HOUR), (Some((3, 4)), 4 * HOUR));
    if taken == expected {
        return Ok(());
    }
    Err(format!("A glove came once an hour, and these pairs came out: {taken:?}, instead of {expected:?}."))
}

/// Drops calls of `next`.
fn drops() -> Result<(), String> {
    let (line, gloves) = async_channel::unbounded();
    let put = |glove: u32| line.try_send(glove).expect("the line is open");
    let mut pairs = Pairs::new(gloves);
    for (first, dropped) in [(1, 0), (3, 1), (5, 2)] {
        for _ in 0..dropped {
            if try_once(pairs.next()).is_ready() {
                return Err(format!("There was no glove after {}, and still a pair.", first - 1));
            }
        }
        put(first);
        for _ in 0..dropped {
            if try_once(pairs.next()).is_ready() {
                return Err(format!("There was one glove, {first}, and still a pair."));
            }
        }
        put(first + 1);
        put(first + 2);
        let expected = (first, first + 1);
        match try_once(pairs.next()) {
            Poll::Ready(Some(pair)) if pair == expected => {}
            Poll::Ready(Some(pair)) if dropped > 0 => {
                return Err(format!("A call was dropped while it had glove {first}; the next pair is {pair:?}."));
            }
            Poll::Ready(Some(pair)) => return Err(format!("The first pair is {expected:?}, not {pair:?}.")),
            Poll::Ready(None) => {
                return Err("The line is open, but `next` says that there are no more pairs.".to_owned());
            }
            Poll::Pending => return Err(format!("Gloves {first} and {} are there, and it waits.", first + 1)),
        }
        // The third glove makes a pair with a fourth.
        put(first + 3);
        match try_once(pairs.next()) {
            Poll::Ready(Some(pair)) if pair == (first + 2, first + 3) => {}
            other => return Err(format!("After {expected:?} comes {:?}, not {other:?}.", (first + 2, first + 3))),
        }
    }
    drop(line);
    match try_once(pairs.next()) {
        Poll::Ready(None) => Ok(()),
        other => Err(format!("The line has ended, and `next` returns {other:?}.")),
    }
}
