//! Checks `saved_wake`.
//!
//! The clock stands still while any task can run, and then jumps, so a timeout means that all tasks wait.

use checks::gate::polled_at_most;
use checks::{Check, Checks};
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{self, Instant};

use super::saved_wake::Bounded;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Two tasks wait for an item, and two others for room.", check)]);

/// How often a task may be polled that waits for an item or for room.
const POLLS: usize = 20;

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let queue = Bounded::new(2);
        let puts = async {
            queue.put(1).await;
            queue.put(2).await;
        };
        let Some((first, second, ())) = ends(async { tokio::join!(queue.get(), queue.get(), puts) }).await else {
            return Err(
                "Two coroutines wait for an item, two items are put, but one of them is still waiting.".to_owned()
            );
        };
        // The order of the two isn't fixed.
        if first.min(second) != Some(1) || first.max(second) != Some(2) {
            return Err(format!("1 and 2 were put, and {first:?} and {second:?} were taken."));
        }
        let queue = Bounded::new(2);
        for item in [1, 2] {
            ends(queue.put(item)).await.ok_or("there is room for two items, and who puts the second waits")?;
        }
        if ends(queue.put(0)).await.is_some() {
            return Err("There is room for two items, and a third has been put.".to_owned());
        }
        let gets = async { [queue.get().await, queue.get().await] };
        match ends(async { tokio::join!(queue.put(3), queue.put(4), gets) }).await {
            None => {
                Err("Two coroutines wait for room, two items are taken, but one of them is still waiting.".to_owned())
            }
            Some((.., taken)) if taken != [Some(1), Some(2)] => {
                Err(format!("1 and 2 were put, and {taken:?} was taken."))
            }
            Some(_) => waits().await,
        }
    })
}

/// Three tasks wait for an item, and then three for room, for an hour each.
async fn waits() -> Result<(), String> {
    const HOUR: Duration = Duration::from_secs(3600);
    let (queue, start) = (Bounded::new(3), Instant::now());
    let get = || polled_at_most(POLLS, "A task that waits for an item", queue.get());
    let puts = async {
        time::sleep(HOUR).await;
        for item in 1..=3 {
            queue.put(item).await;
        }
    };
    let taken = ends_within(2 * HOUR, async { tokio::join!(get(), get(), get(), puts) }).await;
    let Some((a, b, c, ())) = taken else {
        return Err("Three coroutines wait for an item, three items are put, and one is still waiting.".to_owned());
    };
    let mut taken = [a, b, c];
    taken.sort_unstable();
    if (taken, start.elapsed()) != ([Some(1), Some(2), Some(3)], HOUR) {
        return Err(format!(
            "1, 2 and 3 were put after {HOUR:?}, and {taken:?} were taken after {:?}.",
            start.elapsed()
        ));
    }
    let (queue, start) = (Bounded::new(3), Instant::now());
    for item in 1..=3 {
        queue.put(item).await;
    }
    let put = |item| polled_at_most(POLLS, "A task that waits for room", queue.put(item));
    let gets = async {
        time::sleep(HOUR).await;
        [queue.get().await, queue.get().await, queue.get().await]
    };
    match ends_within(2 * HOUR, async { tokio::join!(put(4), put(5), put(6), gets) }).await {
        None => Err("Three coroutines wait for room, three items are taken, and one is still waiting.".to_owned()),
        Some((.., taken)) if (taken, start.elapsed()) != ([Some(1), Some(2), Some(3)], HOUR) => {
            Err(format!("1, 2 and 3 were put, and {taken:?} were taken after {:?}.", start.elapsed()))
        }
        Some(_) => Ok(()),
    }
}

/// The output of `future`, or `None` if it would wait forever.
async fn ends<T>(future: impl Future<Output = T>) -> Option<T> {
    ends_within(Duration::from_secs(1), future).await
}

/// The output of `future`, or `None` if it would wait for longer than `limit`. A task that's always ready doesn't let the time
/// pass, so it's refused.
async fn ends_within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    time::timeout(limit, polled_at_most(10_000, "A task that waits", future)).await.ok()
}
