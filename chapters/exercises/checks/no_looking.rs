//! Checks `no_looking`.
//!
//! The clock stands still while any task can run, and then jumps to the next timer, so times are exact.

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
        let (service, start) = (Service::new(), Instant::now());
        let stop = async {
            time::sleep(STOP).await;
            service.stop();
        };
        tokio::join!(service.work(), stop);
        let late = start.elapsed().saturating_sub(STOP);
        if late > Duration::from_millis(10) {
            return Err(format!("The worker had nothing to do, and it stopped {late:.1?} after it was told to."));
        }
        let service = Service::new();
        for number in [1, 2, 3] {
            service.put(number).await;
        }
        service.stop();
        match service.work().await {
            6 => Ok(()),
            sum => Err(format!("1, 2 and 3 were put before the service was told to stop, and the sum is {sum}.")),
        }
    })
}
