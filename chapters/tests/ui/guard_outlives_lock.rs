//! A guard would give back a lock that is gone.

use chapters::threads::Lock;

fn main() {
    let guard;
    {
        let lock = Lock::new();
        guard = lock.acquire();
    }
    drop(guard);
}
