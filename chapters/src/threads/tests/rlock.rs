use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::*;

#[test]
fn only_its_owner_takes_it_again() {
    let lock = RLock::new();
    let (first, second) = (lock.acquire(), lock.acquire_timeout(Duration::ZERO).unwrap());
    let other = |expected: bool| {
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(lock.try_acquire().is_some(), expected);
                assert_eq!(lock.acquire_timeout(SHORT).is_some(), expected);
            });
        });
    };
    other(false);
    drop(first);
    other(false);
    drop(second);
    other(true);
    assert!(!lock.is_locked());
}

#[test]
fn one_thread_at_a_time_owns_it() {
    let (lock, number) = (RLock::new(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let _guards = (lock.acquire(), lock.acquire());
                    number.store(number.load(Relaxed) + 1, Relaxed);
                }
            });
        }
    });
    assert_eq!(number.load(Relaxed), 4000);
}

#[test]
fn whoever_waits_gets_it_when_its_owner_lets_go() {
    let lock = RLock::new();
    thread::scope(|scope| {
        let guard = lock.acquire();
        let waiter = scope.spawn(|| lock.acquire_timeout(LONG).is_some());
        drop(guard);
        assert!(waiter.join().unwrap());
    });
}
