use std::panic::{self, AssertUnwindSafe};

use super::*;

#[test]
fn the_predicate_is_called_before_and_after_the_timeout() {
    let (lock, condition) = (Lock::guarding(1), Condition::new());
    let mut calls = 0;
    let never = |_: &mut i32| {
        calls += 1;
        false
    };
    assert!(!condition.wait_for_timeout(lock.acquire(), SHORT, never).1);
    assert_eq!((calls, condition.num_waiters()), (2, 0));
}

/// A lock whose last holder panicked.
fn abandoned(value: i32) -> Lock<i32> {
    let lock = Lock::guarding(value);
    abandon(&lock);
    lock
}

fn abandon(lock: &Lock<i32>) {
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.acquire();
        panic::resume_unwind(Box::new("while holding the lock"));
    }));
    assert!(panicked.is_err());
}

#[test]
fn wait_for_reports_a_panic_that_the_first_guard_reported() {
    let (lock, condition) = (abandoned(1), Condition::new());
    let (guard, holds) = condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 2);
    assert!(!holds && guard.is_abandoned());
    drop(guard);
    assert!(!lock.acquire().is_abandoned());
}

#[test]
fn wait_for_reports_a_panic_that_a_guard_in_between_reported() {
    let (lock, condition) = (Lock::guarding(0), Condition::new());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| condition.wait_for(lock.acquire(), |number| *number == 2).is_abandoned());
        until(|| condition.num_waiters() == 1);
        abandon(&lock);
        condition.notify(1); // the predicate is false, so the thread waits again
        until(|| condition.num_waiters() == 1);
        *lock.acquire() = 2;
        condition.notify(1);
        assert!(waiter.join().unwrap());
    });
    assert!(!lock.acquire().is_abandoned());
}

#[test]
fn wait_for_reports_no_panic_without_one() {
    let (lock, condition) = (Lock::guarding(1), Condition::new());
    assert!(!condition.wait_for_timeout(lock.acquire(), SHORT, |number| *number == 2).0.is_abandoned());
    let lock = abandoned(1);
    assert!(lock.acquire().is_abandoned());
    assert!(!condition.wait_for_timeout(lock.acquire(), SHORT, |number| *number == 2).0.is_abandoned());
}

#[test]
fn wait_repeats_no_panic_that_its_guard_reported() {
    let (lock, condition) = (abandoned(1), Condition::new());
    let guard = lock.acquire();
    assert!(guard.is_abandoned());
    assert!(!condition.wait_timeout(guard, Duration::ZERO).0.is_abandoned());
}
