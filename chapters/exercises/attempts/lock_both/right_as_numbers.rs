//! Compares the addresses as numbers.

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    let address = |mutex: &Mutex<T>| std::ptr::from_ref(mutex).addr();
    let swap = address(one) > address(two);
    let (first, second) = if swap { (two, one) } else { (one, two) };
    let first = first.lock().unwrap();
    let second = second.lock().unwrap();
    if swap { (second, first) } else { (first, second) }
}
