//! A thread cannot wait for a coroutine's lock: it has no event loop.

use chapters::coroutines::Lock;

fn main() {
    let total = Lock::guarding(0);
    std::thread::scope(|scope| {
        scope.spawn(|| *total.acquire().await += 1);
    });
}
