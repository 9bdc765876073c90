//! Checks `ticker`.

use checks::{Check, Checks};
use std::sync::mpsc;
use std::time::Duration;

use super::ticker::Ticker;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("A ticker ticks, and another one is stopped at once.", check)
    .or_hangs("`stop` waits for the thread, and the thread sleeps until the interval of an hour is over.")]);

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

/// How long a tick may take to come before it is one that never comes.
const PATIENCE: Duration = Duration::from_secs(1);

fn check() -> Result<(), String> {
    let (ticks, ticked) = mpsc::channel();
    let quick = Ticker::start(SHORT, move || _ = ticks.send(()));
    for tick in 1..=3 {
        ticked.recv_timeout(PATIENCE).map_err(|_| format!("After {tick} intervals of {SHORT:?}, there's no tick."))?;
    }
    quick.stop();
    let (ticks, ticked) = mpsc::channel();
    Ticker::start(LONG, move || _ = ticks.send(())).stop();
    // Its sender is gone with the ticker, so there is nothing to wait for.
    ticked.recv().map_or(Ok(()), |()| Err(format!("There's a tick, although {LONG:?} haven't passed.")))
}
