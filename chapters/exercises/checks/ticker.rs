//! Checks `ticker`.

use std::sync::mpsc;
use std::time::Duration;

use crate::ticker::Ticker;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(3600);

/// How long a tick may take to come before it is one that never comes.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn check() -> Result<(), String> {
    let (ticks, ticked) = mpsc::channel();
    let quick = Ticker::start(SHORT, move || _ = ticks.send(()));
    for tick in 1..=3 {
        ticked.recv_timeout(PATIENCE).map_err(|_| format!("after {tick} intervals of {SHORT:?} there is no tick"))?;
    }
    quick.stop();
    let (ticks, ticked) = mpsc::channel();
    Ticker::start(LONG, move || _ = ticks.send(())).stop();
    // Its sender is gone with the ticker, so there is nothing to wait for.
    ticked.recv().map_or(Ok(()), |()| Err(format!("there is a tick although {LONG:?} have not passed")))
}
