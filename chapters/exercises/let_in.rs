//! Two threads add to one number under one interpreter lock, until the lock has gone back and forth between them. It
//! never does: the first thread never releases it.
//!
//! Let the other thread in without losing an addition.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chapters::gil::GilGuard;

/// Adds one to `x` repeatedly, until that is enough. Returns how many times it did.
pub fn add(x: &AtomicU64, _guard: &mut GilGuard<'_>, enough: impl Fn() -> bool) -> u64 {
    let mut added = 0;
    while !enough() {
        let old = x.load(Relaxed);
        x.store(old + 1, Relaxed);
        added += 1;
    }
    added
}
