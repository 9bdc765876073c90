use std::mem;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn guarding<T: Pod>(value: T) -> (Lock<T>, Condition) {
    let memory = Arc::new(Shared::new(Lock::<T>::WORDS + Condition::WORDS).unwrap());
    (Lock::guarding(&memory, value).unwrap(), Condition::new(&memory).unwrap())
}

/// The same in the same memory, mapped once more, as another process would have it.
fn elsewhere(lock: &Lock, condition: &Condition) -> (Lock, Condition) {
    let memory = condition.words.memory().as_fd().try_clone_to_owned().unwrap();
    let memory = Arc::new(Shared::map(memory).unwrap());
    (Lock::at(&memory, lock.place()).unwrap(), Condition::at(&memory, condition.place()).unwrap())
}

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
        let (lock, condition) = elsewhere(lock, condition);
        scope.spawn(move || {
            let (_guard, notified) = condition.wait_timeout(lock.acquire(), LONG);
            woken.send((number, notified)).unwrap();
        });
    }
    while condition.waiting() < before + count {
        thread::yield_now();
    }
    told
}

#[test]
fn a_later_waiter_takes_no_notification() {
    let mut waiters = Waiters::default();
    let (first, second) = (waiters.enqueue(), waiters.enqueue());
    assert_eq!(waiters.notify(1), 1);
    let newcomer = waiters.enqueue();
    assert_eq!(waiters.notification_for(newcomer), None);
    assert_eq!(waiters.notify(1), 1);
    assert!(waiters.dequeue(newcomer));
    assert_eq!(waiters.notification_for(newcomer), None, "the other one is for those who came first");
    assert!(waiters.dequeue(second));
    assert!(!waiters.dequeue(first));
    assert_eq!(waiters.count, 0);
}

#[test]
fn no_notification_is_lost_when_old_ones_are_merged() {
    let mut waiters = Waiters::default();
    let mut numbers = Vec::new();
    for _ in 0..3 * NOTIFICATIONS {
        numbers.extend([waiters.enqueue(), waiters.enqueue()]);
        assert_eq!(waiters.notify(1), 1);
    }
    let taken = numbers.into_iter().filter(|&number| waiters.dequeue(number)).count();
    assert_eq!(taken, 3 * NOTIFICATIONS);
    assert_eq!((waiters.count, waiters.notifications[0].left), (0, 0));
}

#[test]
fn a_waiter_that_died_takes_no_notification_and_leaves_none_behind() {
    let mut waiters = Waiters::default();
    let (_dead, alive) = (waiters.enqueue(), waiters.enqueue());
    assert_eq!(waiters.notify(1), 1);
    assert!(waiters.dequeue(alive));
    assert_eq!(waiters.notify(5), 1, "the dead one counts until it is notified");
    let newcomer = waiters.enqueue();
    assert_eq!(waiters.notification_for(newcomer), None);
    assert_eq!(waiters.notify(5), 1);
    assert!(waiters.dequeue(newcomer));
    assert_eq!(waiters.notify(5), 0);
}

#[test]
fn waiters_poll_for_a_notification_whose_waker_was_killed() {
    let (lock, condition) = guarding(());
    thread::scope(|scope| {
        let told = start_sleepers(scope, (&lock, &condition), 2);
        condition.waiters.acquire().notify(2);
        assert!((0..2).all(|_| told.recv_timeout(LONG).unwrap().1));
    });
}

#[test]
fn waiters_poll_for_a_change_without_a_notification() {
    let (lock, condition) = guarding(0);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| condition.wait_for_timeout(lock.acquire(), LONG, |number| *number == 1).1);
        while condition.waiting() == 0 {
            thread::yield_now();
        }
        *lock.acquire() = 1;
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn one_that_waits_with_the_lock_of_the_dead_gets_it() {
    let (lock, condition) = guarding(0);
    thread::scope(|scope| {
        let guard = lock.acquire();
        let killed = scope.spawn(|| {
            let mut guard = lock.acquire();
            *guard = 1;
            condition.notify(1);
            mem::forget(guard);
        });
        let guard = condition.wait(guard);
        killed.join().unwrap();
        assert!(guard.is_abandoned());
        assert_eq!(*guard, 0);
    });
}
