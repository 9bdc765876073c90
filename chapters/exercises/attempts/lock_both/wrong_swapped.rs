//! Returns the guards in the order in which they were locked.
//! Refused: not in the order of the arguments

use std::ptr;

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    let (first, second) = if ptr::from_ref(one) < ptr::from_ref(two) { (one, two) } else { (two, one) };
    let first = first.lock().unwrap();
    (first, second.lock().unwrap())
}
