//! A guard outlives its lock.

use chapters::threads::Lock;

fn main() {
    let guard;
    {
        let lock = Lock::new();
        guard = lock.acquire();
    }
    drop(guard);
}
