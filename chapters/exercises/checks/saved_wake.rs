//! Checks `saved_wake`.
//!
//! The clock stands still while any task can run, and then jumps, so a timeout means that all tasks wait.

use checks::{Check, Checks};
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time;

use super::saved_wake::Bounded;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Two tasks wait for an item, and two others for room.", check)]);

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
            Some(_) => Ok(()),
        }
    })
}

/// The output of `future`, or `None` if it would wait forever.
async fn ends<T>(future: impl Future<Output = T>) -> Option<T> {
    time::timeout(Duration::from_secs(1), future).await.ok()
}
