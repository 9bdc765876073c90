//! A closure that a thread runs can't await a coroutine's lock.

use chapters::coroutines::Lock;

fn main() {
    let total = Lock::guarding(0);
    std::thread::scope(|scope| {
        scope.spawn(|| *total.acquire().await += 1);
    });
}
