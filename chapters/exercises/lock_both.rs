//! Two threads lock the same two mutexes, but pass them in different orders, and deadlock.
//!
//! Change `lock_both` so that it returns both guards, in the order of its arguments, and can't deadlock with another
//! call, whichever two of many mutexes that call locks. A call blocks until a mutex is free, and doesn't keep trying.

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    let one = one.lock().unwrap();
    let two = two.lock().unwrap();
    (one, two)
}
