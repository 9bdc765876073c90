use crate::threads::Lock;
use chapters::scheduler::thread;

pub fn main() {
    let total = Lock::guarding(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| *total.acquire() += 1);
        }
    });
    assert_eq!(*total.acquire(), 2);
}
