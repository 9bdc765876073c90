//! Checks `let_in`.

use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::{Duration, Instant};

use chapters::gil::Gil;

use crate::let_in::add;

/// How many times the lock must go from one thread to the other.
const BACK_AND_FORTH: u64 = 20;

/// The time limit for that. It takes milliseconds.
const LONGEST: Duration = Duration::from_secs(1);

pub fn check() -> Result<(), String> {
    let gil = Gil::new(Duration::from_micros(1));
    let x = AtomicU64::new(0);
    let start = Instant::now();
    let enough = || gil.switches() >= BACK_AND_FORTH || start.elapsed() > LONGEST;
    let work = || add(&x, &mut gil.attach().take(), enough);
    let added = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().expect("an addition panics only if it is made to"))
    });
    let (sum, x) = (added.iter().sum::<u64>(), x.into_inner());
    if sum != x {
        return Err(format!("of {sum} additions {} are lost: a thread was let in between two steps", sum.abs_diff(x)));
    }
    if gil.switches() < BACK_AND_FORTH {
        return Err(format!("one thread had the lock for {LONGEST:?}, and the other one never had a turn"));
    }
    Ok(())
}
