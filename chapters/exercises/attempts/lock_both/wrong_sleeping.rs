//! Gives the other thread some time.
//! Refused: `thread` isn't from `chapters::scheduler`

use chapters::scheduler::sync::{Mutex, MutexGuard};

/// Locks two different mutexes.
pub fn lock_both<'a, T>(one: &'a Mutex<T>, two: &'a Mutex<T>) -> (MutexGuard<'a, T>, MutexGuard<'a, T>) {
    let one = one.lock().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1));
    (one, two.lock().unwrap())
}
