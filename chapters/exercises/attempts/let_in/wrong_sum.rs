//! Adds to a variable of its own, and stores the sum at the end.
//! Refused: The threads say that they made

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chapters::gil::GilGuard;

/// Adds one to `x`, again and again, until that is enough. Returns how often it did.
pub fn add(x: &AtomicU64, guard: &mut GilGuard<'_>, enough: impl Fn() -> bool) -> u64 {
    let old = x.load(Relaxed);
    let mut added = 0;
    while !enough() {
        added += 1;
        guard.checkpoint();
    }
    x.store(old + added, Relaxed);
    added
}
