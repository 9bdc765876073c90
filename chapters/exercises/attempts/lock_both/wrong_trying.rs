//! Tries to lock the second mutex, and begins again if that fails.
//! Refused: A tries to lock instead of waiting

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    loop {
        let first = one.lock().unwrap();
        if let Ok(second) = two.try_lock() {
            return (first, second);
        }
    }
}
