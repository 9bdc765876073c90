//! Checks `no_looking`.
//!
//! The clock stands still while any task can run, and then jumps to the next timer, so times are exact.

use checks::gate::polled_at_most;
use checks::{Check, Checks};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{self, Instant};

use super::no_looking::Service;

/// The checks.
pub const CHECKS: Checks =
    Checks::new(&[Check::new("A service stops when its worker has nothing to do, and when it has.", check)]);

/// The time at which the service is stopped.
const STOP: Duration = Duration::from_millis(300);

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        stops_idle().await?;
        does_the_rest().await?;
        waits().await?;
        stops_all().await
    })
}

/// How often a worker may be polled that gets a few numbers.
const POLLS: usize = 20;

async fn stops_idle() -> Result<(), String> {
    let (service, start) = (Service::new(), Instant::now());
    let stop = async {
        time::sleep(STOP).await;
        service.stop();
    };
    tokio::join!(polled_at_most(1000, "The worker", service.work()), stop);
    let late = start.elapsed().saturating_sub(STOP);
    if late > Duration::from_millis(10) {
        return Err(format!("The worker had nothing to do, and it stopped {late:.1?} after it was told to."));
    }
    Ok(())
}

async fn does_the_rest() -> Result<(), String> {
    let service = Service::new();
    for number in [1, 2, 3] {
        service.put(number).await;
    }
    service.stop();
    match service.work().await {
        6 => Ok(()),
        sum => Err(format!("1, 2 and 3 were put before the service was told to stop, and the sum is {sum}.")),
    }
}

/// A worker waits for hours between the numbers, and until it's stopped.
async fn waits() -> Result<(), String> {
    const HOUR: Duration = Duration::from_secs(3600);
    let (service, start) = (Service::new(), Instant::now());
    let puts = async {
        for number in [10, 20] {
            time::sleep(HOUR).await;
            service.put(number).await;
        }
        time::sleep(HOUR).await;
        service.put(30).await;
        service.stop();
    };
    let (sum, ()) = tokio::join!(polled_at_most(POLLS, "The worker", service.work()), puts);
    if sum != 60 {
        return Err(format!("10, 20 and 30 were put, with an hour before each, and the sum is {sum}."));
    }
    match start.elapsed().saturating_sub(3 * HOUR) {
        Duration::ZERO => Ok(()),
        late => Err(format!("The worker had a last number to add, and it stopped {late:.1?} after it was told to.")),
    }
}

/// Three workers wait, and end together.
async fn stops_all() -> Result<(), String> {
    let service = Service::new();
    let ended = std::cell::Cell::new(0);
    let work = || async {
        let sum = service.work().await;
        ended.set(ended.get() + 1);
        sum
    };
    let stop = async {
        time::sleep(STOP).await;
        for number in [1, 2, 3, 4] {
            service.put(number).await;
        }
        service.stop();
    };
    // The clock jumps ahead only if a worker waits for something that never comes.
    let all = async { tokio::join!(work(), work(), work(), stop) };
    match time::timeout(Duration::from_secs(3600), polled_at_most(100, "Three workers", all)).await {
        Ok((one, two, three, ())) if one + two + three == 10 => Ok(()),
        Ok((one, two, three, ())) => {
            Err(format!("1, 2, 3, and 4 were put, and the sums of three workers are {one}, {two}, and {three}."))
        }
        Err(_) => Err(format!("After `stop`, {} of 3 workers ended, and the others wait forever.", ended.get())),
    }
}
