//! Locks both, one after the other, and then again.
//! Refused: wait forever

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    drop(one.lock().unwrap());
    drop(two.lock().unwrap());
    let one = one.lock().unwrap();
    (one, two.lock().unwrap())
}
