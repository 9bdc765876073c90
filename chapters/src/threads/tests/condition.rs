use std::sync::mpsc;

use super::*;

/// Starts threads that wait, each with its number to tell when it has been woken, and returns once all do.
fn start_sleepers<'scope, 'a: 'scope>(
    scope: &'scope thread::Scope<'scope, 'a>,
    (lock, condition): (&'a Lock, &'a Condition),
    count: usize,
) -> mpsc::Receiver<(usize, bool)> {
    let (woken, told) = mpsc::channel();
    let before = condition.waiting();
    for number in 0..count {
        let woken = woken.clone();
        scope.spawn(move || {
            let (_guard, notified) = condition.wait_timeout(lock.acquire(), LONG);
            woken.send((number, notified)).unwrap();
        });
    }
    until(|| condition.waiting() == before + count);
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
        assert_eq!(condition.waiting(), 3);
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
    assert_eq!(condition.waiting(), 0);
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
