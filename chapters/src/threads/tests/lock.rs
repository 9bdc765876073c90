use std::panic::{self, AssertUnwindSafe};

use super::*;

#[test]
fn one_thread_at_a_time_holds_it() {
    let number = Lock::guarding(0_u64);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| *number.acquire() += 1));
        }
    });
    assert_eq!(*number.acquire(), 40_000);
    assert!(!number.is_locked());
}

#[test]
fn a_timeout_ends_a_wait_and_a_release_ends_it_sooner() {
    let lock = Lock::new();
    let guard = lock.acquire();
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.acquire_timeout(SHORT).is_none())).join().unwrap();
        scope.spawn(|| assert!(lock.acquire_timeout(Duration::ZERO).is_none())).join().unwrap();
        let waiter = scope.spawn(|| lock.acquire_timeout(LONG).is_some());
        drop(guard);
        assert!(waiter.join().unwrap());
    });
    assert!(lock.acquire_timeout(Duration::ZERO).is_some());
    assert!(lock.acquire_timeout(Duration::MAX).is_some());
}

#[test]
fn the_next_holder_alone_is_told_of_a_panic() {
    let lock = Lock::guarding(1);
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        *lock.acquire() = 2;
        let _guard = lock.acquire();
        panic::resume_unwind(Box::new("while holding the lock"));
    }));
    assert!(panicked.is_err());
    let next = lock.try_acquire().unwrap();
    assert!(next.is_abandoned());
    assert_eq!(*next, 2);
    drop(next);
    assert!(!lock.acquire().is_abandoned());
}

#[test]
fn a_guard_that_came_and_went_during_a_panic_abandons_nothing() {
    struct Tidy<'a>(&'a Lock);
    impl Drop for Tidy<'_> {
        fn drop(&mut self) {
            drop(self.0.acquire());
        }
    }
    let lock = Lock::new();
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let _tidy = Tidy(&lock);
        panic::resume_unwind(Box::new("without the lock"));
    }));
    assert!(panicked.is_err());
    assert!(!lock.acquire().is_abandoned());
}

#[test]
fn asking_never_makes_it_look_locked() {
    let lock = Lock::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!((0..10_000).all(|_| !lock.is_locked())));
        }
    });
}
