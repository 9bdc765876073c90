use loom::sync::atomic::AtomicUsize as Number;

use super::*;
use crate::threads::RLock;

#[derive(Default)]
struct Shared {
    lock: RLock,
    number: Number,
}

impl Shared {
    fn add_one(&self) {
        let _outer = self.lock.acquire();
        let inner = self.lock.acquire();
        let number = self.number.load(Relaxed);
        drop(inner);
        self.number.store(number + 1, Relaxed);
    }
}

#[test]
fn two_threads_own_it_in_turn() {
    explore("rlock: 2 threads", 3, || {
        let shared = Arc::new(Shared::default());
        let other = start(&shared, Shared::add_one);
        shared.add_one();
        other.join().unwrap();
        assert_eq!(shared.number.load(Relaxed), 2, "two at a time");
        assert!(!shared.lock.is_locked());
    });
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_timeout_loses_no_wakeup() {
    explore_outcomes("rlock: a timeout, and 1 without", 3, &[false, true], move || {
        let shared = Arc::new(Shared::default());
        let guard = shared.lock.acquire();
        let timed = start(&shared, |shared| shared.lock.acquire_timeout(LONG).is_some());
        let other = start(&shared, Shared::add_one);
        drop(guard);
        time_passes();
        other.join().unwrap();
        let outcome = timed.join().unwrap();
        assert!(!shared.lock.is_locked());
        outcome
    });
}
