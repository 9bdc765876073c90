//! Has a checkpoint between the load and the store.
//! Refused: The threads say that they made

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chapters::gil::GilGuard;

/// Adds one to `x`, again and again, until that is enough. Returns how often it did.
pub fn add(x: &AtomicU64, guard: &mut GilGuard<'_>, enough: impl Fn() -> bool) -> u64 {
    let mut added = 0;
    while !enough() {
        let old = x.load(Relaxed);
        guard.checkpoint();
        x.store(old + 1, Relaxed);
        added += 1;
    }
    added
}
