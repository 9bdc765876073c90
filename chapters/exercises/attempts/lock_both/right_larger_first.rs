//! Locks the mutex with the larger address first.

use std::ptr;

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    if ptr::from_ref(one) > ptr::from_ref(two) {
        let one = one.lock().unwrap();
        (one, two.lock().unwrap())
    } else {
        let two = two.lock().unwrap();
        (one.lock().unwrap(), two)
    }
}
