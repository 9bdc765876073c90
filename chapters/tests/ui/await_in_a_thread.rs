//! A thread cannot wait for a coroutine's lock: it cannot await.

use chapters::coroutines::Lock;

fn main() {
    let total = Lock::guarding(0);
    std::thread::scope(|scope| {
        scope.spawn(|| *total.acquire().await += 1);
    });
}
