//! Checks `too_early`.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use chapters::threads::{Condition, Lock};

use crate::too_early::{Pile, carry};

const LOAD: u64 = 3;
/// How many times the carrier must check the pile while it is too low.
const LOOKS: usize = 3;

/// A pile that counts how many times its height was read.
struct Watched<'a> {
    height: u64,
    looks: &'a AtomicUsize,
}

impl Pile for Watched<'_> {
    fn height(&self) -> u64 {
        self.looks.fetch_add(1, Relaxed);
        self.height
    }

    fn take(&mut self, most: u64) -> u64 {
        let taken = self.height.min(most);
        self.height -= taken;
        taken
    }
}

pub fn check() -> Result<(), String> {
    let looks = AtomicUsize::new(0);
    let (pile, higher) = (Lock::guarding(Watched { height: LOAD - 1, looks: &looks }), Condition::new());
    let carried = thread::scope(|scope| {
        let carrier = scope.spawn(|| carry(&pile, &higher, LOAD));
        // Wake the carrier without a reason, until its reaction is clear.
        while looks.load(Relaxed) < LOOKS && !carrier.is_finished() {
            higher.notify(1);
            thread::yield_now();
        }
        if !carrier.is_finished() {
            pile.acquire().height += 2;
            higher.notify(1);
        }
        carrier.join()
    });
    let left = pile.acquire().height;
    match carried {
        Err(_) => Err("it panicked".to_owned()),
        Ok(LOAD) if left == 1 => Ok(()),
        Ok(LOAD) => Err(format!("of {} it carried {LOAD}, and {left} are left", LOAD + 1)),
        Ok(less) => {
            Err(format!("it was woken when the pile was {} high, and carried {less} instead of {LOAD}", LOAD - 1))
        }
    }
}
