//! Checks `let_in`.

use checks::{Check, Checks};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use chapters::gil::Gil;

use super::let_in::add;

/// The checks.
pub const CHECKS: Checks =
    Checks::new(&[Check::new("Two threads add to one number until the lock has changed hands 20 times.", check)]);

/// How many times the lock must go from one thread to the other.
const BACK_AND_FORTH: u64 = 20;

/// How many additions a thread may make while the other one waits, with a pause after each, in which the other one could
/// go on.
const ALONE: u64 = 2_000;

/// The additions since the lock changed hands.
struct Alone {
    switches: AtomicU64,
    additions: AtomicU64,
}

impl Alone {
    /// Counts an addition, and returns whether the thread has been alone for too long.
    fn count(&self, switches: u64) -> bool {
        if self.switches.swap(switches, Relaxed) != switches {
            self.additions.store(0, Relaxed);
        }
        thread::sleep(Duration::from_micros(500));
        self.additions.fetch_add(1, Relaxed) >= ALONE
    }
}

fn check() -> Result<(), String> {
    let gil = Gil::new(Duration::from_micros(1));
    let x = AtomicU64::new(0);
    let alone = Alone { switches: AtomicU64::new(0), additions: AtomicU64::new(0) };
    let enough = || gil.switches() >= BACK_AND_FORTH || alone.count(gil.switches());
    let work = || add(&x, &mut gil.attach().take(), enough);
    let added = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().expect("an addition panics only if it is made to"))
    });
    let (sum, x) = (added.iter().sum::<u64>(), x.into_inner());
    if sum != x {
        return Err(format!(
            "The threads say that they made {sum} additions, and the number is {x}: a difference of {}.",
            sum.abs_diff(x)
        ));
    }
    if gil.switches() < BACK_AND_FORTH {
        return Err(format!(
            "One thread made {ALONE} additions in a row and kept the lock, while the other thread was waiting for it."
        ));
    }
    if added.contains(&0) {
        return Err(format!("The lock has changed hands {BACK_AND_FORTH} times, and one thread made no addition."));
    }
    Ok(())
}
