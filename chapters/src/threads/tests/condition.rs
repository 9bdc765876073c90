use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;

use super::*;

/// Starts threads that wait, each with its number to tell when it has been woken, and returns once all do.
fn start_sleepers<'scope, 'a: 'scope>(
    scope: &'scope thread::Scope<'scope, 'a>,
    (lock, condition): (&'a Lock, &'a Condition),
    count: usize,
) -> mpsc::Receiver<(usize, bool)> {
    let (woken, told) = mpsc::channel();
    let before = condition.num_waiters();
    for number in 0..count {
        let woken = woken.clone();
        scope.spawn(move || {
            let (_guard, notified) = condition.wait_timeout(lock.acquire(), LONG);
            woken.send((number, notified)).unwrap();
        });
    }
    until(|| condition.num_waiters() == before + count);
    told
}

#[test]
fn as_many_wake_as_are_notified() {
    let (lock, condition) = (Lock::new(), Condition::new());
    thread::scope(|scope| {
        let told = start_sleepers(scope, (&lock, &condition), 5);
        condition.notify(0);
        condition.notify(2);
        assert!((0..2).all(|_| told.recv_timeout(LONG).unwrap().1));
        assert_eq!(condition.num_waiters(), 3);
        assert!(told.try_recv().is_err());
        condition.notify(1);
        assert!(told.recv_timeout(LONG).unwrap().1);
        condition.notify_all();
        assert!((0..2).all(|_| told.recv_timeout(LONG).unwrap().1));
    });
}

#[test]
fn notifications_add_up_while_nobody_has_woken_yet() {
    let (lock, condition) = (Lock::new(), Condition::new());
    thread::scope(|scope| {
        let told = start_sleepers(scope, (&lock, &condition), 3);
        let guard = lock.acquire(); // nobody returns before this is dropped
        condition.notify(1);
        condition.notify(1);
        condition.notify(7);
        drop(guard);
        assert!((0..3).all(|_| told.recv_timeout(LONG).unwrap().1));
    });
}

#[test]
fn a_timeout_leaves_nothing_behind() {
    let (lock, condition) = (Lock::new(), Condition::new());
    assert!(!condition.wait_timeout(lock.acquire(), SHORT).1);
    assert!(!condition.wait_timeout(lock.acquire(), Duration::ZERO).1);
    assert_eq!(condition.num_waiters(), 0);
    condition.notify_all();
    assert!(!condition.wait_timeout(lock.acquire(), SHORT).1);
}

#[test]
fn the_predicate_is_asked_before_the_clock() {
    let (lock, condition) = (Lock::guarding(1), Condition::new());
    assert!(condition.wait_for_timeout(lock.acquire(), Duration::ZERO, |number| *number == 1).1);
    let mut asked = 0;
    let asks = |_: &mut i32| {
        asked += 1;
        false
    };
    assert!(!condition.wait_for_timeout(lock.acquire(), SHORT, asks).1);
    assert_eq!(asked, 2);
}

#[test]
fn the_lock_is_free_while_one_waits_and_held_afterwards() {
    let (lock, condition) = (Lock::guarding(0), Condition::new());
    thread::scope(|scope| {
        let guard = lock.acquire();
        scope.spawn(|| {
            *lock.acquire() += 1;
            condition.notify(1);
        });
        let guard = condition.wait(guard);
        assert_eq!(*guard, 1);
        assert!(lock.is_locked());
    });
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
