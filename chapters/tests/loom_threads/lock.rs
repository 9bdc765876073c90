use super::*;
use crate::broken::lock_ as broken;
use crate::threads::{Lock, LockGuard};

type Acquire = for<'a> fn(&'a Lock<usize>) -> LockGuard<'a, usize>;

fn add_one(mut guard: LockGuard<usize>) {
    *guard += 1;
}

/// Each thread acquires the lock once. No two hold it at a time, each sees what the previous one wrote, and none waits
/// forever.
fn threads_hold_it_in_turn(name: &str, threads: usize, acquire: Acquire, add_one: fn(LockGuard<usize>)) {
    let preemptions = if threads > 2 { Some(4) } else { None };
    explore(&format!("lock: {threads} threads{name}"), preemptions, move || {
        let lock = Arc::new(Lock::guarding(0));
        let others: Vec<_> = (1..threads).map(|_| start(&lock, move |lock| add_one(acquire(lock)))).collect();
        add_one(acquire(&lock));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(!lock.is_locked());
        assert_eq!(*lock.acquire(), threads);
    });
}

/// A thread waits with a timeout, which may expire at any moment, and the lock works afterward.
fn a_timeout(preemptions: Option<usize>, others: usize) {
    explore_outcomes(&format!("lock: a timeout, and {others} without"), preemptions, &[false, true], move || {
        let lock = Arc::new(Lock::guarding(0));
        let guard = lock.acquire();
        let timed = start(&lock, |lock| lock.acquire_timeout(LONG).map(add_one).is_some());
        let others: Vec<_> = (0..others).map(|_| start(&lock, |lock| add_one(lock.acquire()))).collect();
        let added = others.len();
        let clock = thread::spawn(time_passes);
        drop(guard);
        others.into_iter().for_each(|other| other.join().unwrap());
        let got_it = timed.join().unwrap();
        clock.join().unwrap();
        assert!(!lock.is_locked());
        assert_eq!(*lock.acquire(), added + usize::from(got_it));
        got_it
    });
}

#[test]
fn two_threads_hold_it_in_turn() {
    threads_hold_it_in_turn("", 2, Lock::acquire, add_one);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn three_threads_hold_it_in_turn() {
    threads_hold_it_in_turn("", 3, Lock::acquire, add_one);
}

#[test]
fn the_lock_works_after_a_timeout() {
    a_timeout(None, 0);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_timeout_loses_no_wakeup() {
    a_timeout(Some(3), 1);
}

#[test]
fn try_acquire_never_waits_and_is_locked_never_locks() {
    explore_outcomes("lock: try and ask", None, &[false, true], move || {
        let lock = Arc::new(Lock::guarding(0));
        let other = start(&lock, |lock| {
            lock.is_locked();
            lock.try_acquire().map(add_one).is_some()
        });
        let mine = lock.try_acquire().map(add_one).is_some();
        let others = other.join().unwrap();
        assert!(mine || others);
        assert_eq!(*lock.try_acquire().unwrap(), usize::from(mine) + usize::from(others));
        mine && others
    });
}

mod without {
    use super::*;

    fn model(acquire: Acquire, add_one: fn(LockGuard<usize>)) {
        threads_hold_it_in_turn(", broken", 2, acquire, add_one);
    }

    #[test]
    fn waking_the_waiter_it_sleeps_forever() {
        fails("deadlock", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_without_wake(guard);
            })
        });
    }

    #[test]
    fn locking_park_in_wake_one_the_wakeup_is_lost() {
        fails("deadlock", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_without_park(guard);
            })
        });
    }

    #[test]
    fn trying_again_two_threads_hold_it() {
        fails("Causality violation", || threads_hold_it_in_turn(", broken", 3, broken::acquire_without_loop, add_one));
    }

    #[test]
    fn acquiring_it_as_contended_a_thread_sleeps_forever() {
        fails("deadlock", || threads_hold_it_in_turn(", broken", 3, broken::acquire_as_locked, add_one));
    }

    #[test]
    fn locking_park_in_acquire_the_wakeup_is_lost() {
        fails("deadlock", || model(broken::acquire_without_park, add_one));
    }

    #[test]
    fn holding_it_to_the_end_the_last_write_is_a_data_race() {
        fails("Causality violation", || model(Lock::acquire, broken::add_one_after_release));
    }

    #[test]
    fn publishing_the_next_holder_sees_an_old_value() {
        fails("Causality violation", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_relaxed(guard);
            })
        });
    }
}
