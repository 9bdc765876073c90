use crate::threads::Lock;
use crate::threads::broken::lock_::release_without_park;
use chapters::scheduler::thread;

pub fn main() {
    let total = Lock::guarding(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut guard = total.acquire();
                *guard += 1;
                release_without_park(guard);
            });
        }
    });
    assert_eq!(*total.acquire(), 2);
}
