//! Checks `ticker`.

use checks::threads::{self, Thread};
use checks::{Check, Checks};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::ticker::Ticker;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A ticker is stopped in the middle of an interval of an hour.", stops)
        .or_hangs("`stop` was called in the middle of the interval, and it hasn't returned."),
    Check::new("A ticker has nothing to do for an hour.", waits)
        .or_hangs("`stop` was called in the middle of the interval, and it hasn't returned."),
    Check::new("A ticker ticks, with an interval of 40 ms.", || ticks(false)),
    Check::new("The same, and each tick unparks its own thread.", || ticks(true)),
    Check::new("A ticker is stopped in the middle of a tick.", || joins("`stop`", Ticker::stop))
        .or_hangs("`stop` was called in the middle of a tick, the tick is over, and `stop` hasn't returned."),
    Check::new("A ticker is dropped in the middle of an interval of an hour.", drops)
        .or_hangs("The ticker was dropped in the middle of the interval, and its thread hasn't ended."),
    Check::new("A ticker is dropped in the middle of a tick.", || joins("`drop`", drop))
        .or_hangs("The ticker was dropped in the middle of a tick, the tick is over, and `drop` hasn't returned."),
]);

const LONG: Duration = Duration::from_secs(3600);

/// A short interval, and how many of them are measured. A tick may come late on a busy machine, but never early.
const SHORT: Duration = Duration::from_millis(40);
const TICKS: usize = 10;

/// How often a ticker is stopped that has just begun to wait. A thread that's woken stops within microseconds in most cases. One
/// that polls stops when it polls again, so it takes nearly a whole pause each time.
const STOPS: usize = 10;
const PROMPT: Duration = Duration::from_millis(100);

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

/// Measures short intervals. A tick may leave its thread a token, which makes the next `park_timeout` return early.
fn ticks(unparks: bool) -> Result<(), String> {
    let (ticks, early) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
    let begin = Instant::now();
    let tick = {
        let (ticks, early) = (Arc::clone(&ticks), Arc::clone(&early));
        move || {
            let (tick, passed) = (ticks.load(SeqCst) + 1, begin.elapsed());
            if passed < SHORT * tick as u32 {
                early.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((tick, passed));
            }
            if unparks {
                thread::current().unpark();
            }
            ticks.store(tick, SeqCst);
        }
    };
    let ticker = Ticker::start(SHORT, tick);
    let is_over = || ticks.load(SeqCst) >= TICKS;
    if threads::wait_until_others_are_blocked("The ticker", 1000, is_over)? {
        return Err(format!(
            "The interval of {SHORT:?} is over, and instead of tick {}, the thread goes on waiting.",
            ticks.load(SeqCst) + 1
        ));
    }
    ticker.stop();
    let first = early.lock().unwrap_or_else(PoisonError::into_inner).take();
    first.map_or(Ok(()), |(tick, passed)| {
        let least = SHORT * tick as u32;
        let why = if unparks { " Each tick had unparked its thread." } else { "" };
        Err(format!("With an interval of {SHORT:?}, tick {tick} came after {passed:.0?} instead of {least:?}.{why}"))
    })
}

/// Drops a ticker in the middle of an interval of an hour.
fn drops() -> Result<(), String> {
    let (ticks, ticked) = mpsc::channel();
    let ticker = Ticker::start(LONG, move || _ = ticks.send(()));
    settle()?;
    drop(ticker);
    // The thread owns the sender, so the channel is closed when it ends.
    match ticked.recv() {
        Ok(()) => Err(format!("There's a tick, although {LONG:?} haven't passed.")),
        Err(_) => Ok(()),
    }
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
