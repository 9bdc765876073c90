use super::*;
use crate::broken::lock_ as broken;
use crate::threads::{Lock, LockGuard};

type Acquire = for<'a> fn(&'a Lock<usize>) -> LockGuard<'a, usize>;

fn add_one(mut guard: LockGuard<usize>) {
    *guard += 1;
}

/// As many threads as there are take the lock once each: no two at a time, each sees what the last one wrote, and none
/// is left waiting.
fn every_thread_gets_it_alone(name: &str, threads: usize, acquire: Acquire, add_one: fn(LockGuard<usize>)) {
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

/// A thread waits with a timeout, which may pass at any moment, and the lock is as good as before.
fn a_timeout(preemptions: Option<usize>, others: usize) {
    let in_time = Seen::default();
    let seen = in_time.clone();
    explore(&format!("lock: a timeout, and {others} without"), preemptions, move || {
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
        seen.note(got_it);
        assert!(!lock.is_locked());
        assert_eq!(*lock.acquire(), added + usize::from(got_it));
    });
    in_time.both();
}

#[test]
fn two_threads_get_it_alone() {
    every_thread_gets_it_alone("", 2, Lock::acquire, add_one);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn three_threads_get_it_alone() {
    every_thread_gets_it_alone("", 3, Lock::acquire, add_one);
}

#[test]
fn a_timeout_leaves_it_as_it_was() {
    a_timeout(None, 0);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_timeout_takes_no_wake_up_along() {
    a_timeout(Some(3), 1);
}

#[test]
fn trying_never_waits_and_asking_never_disturbs() {
    let free = Seen::default();
    let seen = free.clone();
    explore("lock: try and ask", None, move || {
        let lock = Arc::new(Lock::guarding(0));
        let other = start(&lock, |lock| {
            lock.is_locked();
            lock.try_acquire().map(add_one).is_some()
        });
        let mine = lock.try_acquire().map(add_one).is_some();
        let others = other.join().unwrap();
        assert!(mine || others);
        seen.note(mine && others);
        assert_eq!(*lock.try_acquire().unwrap(), usize::from(mine) + usize::from(others));
    });
    free.both();
}

mod without {
    use super::*;

    fn model(acquire: Acquire, add_one: fn(LockGuard<usize>)) {
        every_thread_gets_it_alone(", broken", 2, acquire, add_one);
    }

    #[test]
    fn the_wake_up_a_waiter_is_left() {
        fails("deadlock", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_without_wake(guard);
            })
        });
    }

    #[test]
    fn locking_park_in_wake_one_the_wakeup_comes_before_the_sleep() {
        fails("deadlock", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_without_park(guard);
            })
        });
    }

    #[test]
    fn a_second_look_two_hold_it() {
        fails("Causality violation", || {
            every_thread_gets_it_alone(", broken", 3, broken::acquire_with_one_look, add_one)
        });
    }

    #[test]
    fn a_word_for_the_others_one_of_them_is_left() {
        fails("deadlock", || every_thread_gets_it_alone(", broken", 3, broken::acquire_forgetting_the_others, add_one));
    }

    #[test]
    fn the_entrance_the_wake_up_comes_before_the_sleep() {
        fails("deadlock", || model(broken::acquire_with_a_look_outside, add_one));
    }

    #[test]
    fn holding_it_to_the_end_the_last_write_is_a_race() {
        fails("Causality violation", || model(Lock::acquire, broken::add_one_after_release));
    }

    #[test]
    fn publishing_the_next_holder_may_see_what_was() {
        fails("Causality violation", || {
            model(Lock::acquire, |mut guard| {
                *guard += 1;
                broken::release_relaxed(guard);
            })
        });
    }
}
