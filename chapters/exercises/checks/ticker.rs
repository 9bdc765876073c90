//! Checks `ticker`.

use checks::threads::{self, Thread};
use checks::{Check, Checks};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::ticker::Ticker;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A ticker ticks, and another one is stopped at once.", check)
        .or_hangs("`stop` waits for the thread, and the thread sleeps until the interval of an hour is over."),
    Check::new("A ticker is dropped while it waits, and another one while it ticks.", drops)
        .or_hangs("The ticker was dropped, and its thread goes on waiting for the end of its interval of an hour."),
]);

const LONG: Duration = Duration::from_secs(3600);

/// A short interval, and how many of them are measured. A tick may come late on a busy machine, but never early.
const SHORT: Duration = Duration::from_millis(40);
const TICKS: u32 = 5;

/// How often a ticker is stopped that has just begun to wait. A thread that's woken stops within microseconds in most cases. One
/// that polls stops when it polls again, so it takes nearly a whole pause each time.
const STOPS: usize = 10;
const PROMPT: Duration = Duration::from_millis(100);

fn check() -> Result<(), String> {
    stops()?;
    waits()?;
    ticks()?;
    joins("`stop`", Ticker::stop)
}

/// Waits until the ticker's thread waits for the end of its interval.
fn settle() -> Result<(), String> {
    threads::wait_until_others_are_blocked("The ticker", 50, || false).map(drop)
}

/// Stops a ticker in the middle of an interval of an hour.
fn stops() -> Result<(), String> {
    let mut shortest = Duration::MAX;
    for _ in 0..STOPS {
        let (ticks, ticked) = mpsc::channel();
        let ticker = Ticker::start(LONG, move || _ = ticks.send(()));
        settle()?;
        let begin = Instant::now();
        ticker.stop();
        shortest = shortest.min(begin.elapsed());
        if ticked.try_recv().is_ok() {
            return Err(format!("There's a tick, although {LONG:?} haven't passed."));
        }
        if shortest < PROMPT {
            return Ok(());
        }
    }
    Err(format!(
        "A ticker that waits for the end of an hour was stopped {STOPS} times, and `stop` never took less than {shortest:.1?}: \
         the thread isn't woken, it polls."
    ))
}

/// Watches a ticker that has nothing to do for an hour.
fn waits() -> Result<(), String> {
    let ticker = Ticker::start(LONG, || {});
    settle()?;
    threads::are_asleep("The ticker")?;
    ticker.stop();
    Ok(())
}

/// Measures short intervals.
fn ticks() -> Result<(), String> {
    let ticks = Arc::new(AtomicUsize::new(0));
    let (begin, counted) = (Instant::now(), Arc::clone(&ticks));
    let ticker = Ticker::start(SHORT, move || _ = counted.fetch_add(1, SeqCst));
    let is_over = || ticks.load(SeqCst) >= TICKS as usize;
    if threads::wait_until_others_are_blocked("The ticker", 1000, is_over)? {
        return Err(format!(
            "The interval of {SHORT:?} is over, and instead of tick {}, the thread goes on waiting.",
            ticks.load(SeqCst) + 1
        ));
    }
    let (least, took) = (SHORT * TICKS, begin.elapsed());
    ticker.stop();
    match took < least {
        true => Err(format!("{TICKS} ticks with an interval of {SHORT:?} took {took:.0?} instead of {least:?}.")),
        false => Ok(()),
    }
}

/// Drops a ticker in the middle of an interval of an hour, and another one in the middle of a tick.
fn drops() -> Result<(), String> {
    let (ticks, ticked) = mpsc::channel();
    let ticker = Ticker::start(LONG, move || _ = ticks.send(()));
    settle()?;
    drop(ticker);
    // The thread owns the sender, so the channel is closed when it ends.
    if ticked.recv().is_ok() {
        return Err(format!("There's a tick, although {LONG:?} haven't passed."));
    }
    joins("`drop`", drop)
}

/// Stops a ticker in the middle of a tick. `name` is what stops it.
fn joins(name: &str, stop: fn(Ticker)) -> Result<(), String> {
    let (begun, begins) = mpsc::channel();
    let (has_returned, ticks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let main = Thread::current();
    let tick = {
        let (has_returned, ticks) = (Arc::clone(&has_returned), Arc::clone(&ticks));
        move || {
            // It fails if the ticker is being stopped, and the check has what it wanted.
            _ = begun.send(());
            // The tick is over when `stop` waits for its end, or when it has returned without waiting.
            main.wait_until_blocked(|| has_returned.load(SeqCst));
            ticks.fetch_add(1, SeqCst);
        }
    };
    let ticker = Ticker::start(Duration::from_millis(1), tick);
    begins.recv().map_err(|_| "The ticker ended before its first tick.".to_owned())?;
    stop(ticker);
    let before = ticks.load(SeqCst);
    has_returned.store(true, SeqCst);
    if before == 0 {
        return Err(format!("{name} returned while a tick was still running."));
    }
    Ok(())
}
