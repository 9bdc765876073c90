//! Lets the other thread in, and adds nothing.
//! Refused: made no addition

use std::sync::atomic::AtomicU64;

use chapters::gil::GilGuard;

/// Adds one to `x`, again and again, until that is enough. Returns how often it did.
pub fn add(_x: &AtomicU64, guard: &mut GilGuard<'_>, enough: impl Fn() -> bool) -> u64 {
    while !enough() {
        guard.checkpoint();
    }
    0
}
