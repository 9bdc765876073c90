use super::*;
use crate::broken::condition_ as broken;
use crate::threads::{Condition, Lock, LockGuard};

type Wait = for<'a> fn(&Condition, LockGuard<'a, usize>) -> LockGuard<'a, usize>;
type WaitTimeout = for<'a> fn(&Condition, LockGuard<'a, usize>) -> (LockGuard<'a, usize>, bool);

fn wait_timeout<'a>(condition: &Condition, guard: LockGuard<'a, usize>) -> (LockGuard<'a, usize>, bool) {
    condition.wait_timeout(guard, LONG)
}

fn notify_one(condition: &Condition) {
    condition.notify(1);
}

/// A number that threads wait for.
#[derive(Default)]
struct Shared {
    number: Lock<usize>,
    changed: Condition,
}

impl Shared {
    fn add_one(&self) {
        *self.number.acquire() += 1;
    }

    /// Says that it waits, and waits, with a timeout.
    fn wait(&self, wait: WaitTimeout) -> bool {
        let mut waiting = self.number.acquire();
        *waiting += 1;
        wait(&self.changed, waiting).1
    }
}

/// A change is made under the lock, and whoever waits for it is woken.
fn a_change_is_noticed(wait: Wait, notify: fn(&Condition)) {
    explore("condition: a change", None, move || {
        let shared = Arc::new(Shared::default());
        let other = start(&shared, move |shared| {
            shared.add_one();
            notify(&shared.changed);
        });
        let mut number = shared.number.acquire();
        while *number == 0 {
            number = wait(&shared.changed, number);
        }
        drop(number);
        other.join().unwrap();
    });
}

/// Of two threads that wait or will wait, as many are notified as wait, and at most `n`. The others' time passes.
fn as_many_are_notified(n: usize, preemptions: usize) {
    explore(&format!("condition: notify({n})"), preemptions, move || {
        let shared = Arc::new(Shared::default());
        let sleepers = [(); 2].map(|()| start(&shared, |shared| shared.wait(wait_timeout)));
        let waiting = shared.number.acquire();
        shared.changed.notify(n);
        let expected = n.min(*waiting);
        drop(waiting);
        time_passes();
        let notified = sleepers.into_iter().map(|sleeper| usize::from(sleeper.join().unwrap()));
        assert_eq!(notified.sum::<usize>(), expected);
    });
}

/// A thread that comes after a notification does not take it from the one that waited.
fn a_newcomer_takes_nothing(preemptions: usize, wait: WaitTimeout) {
    let first = Seen::default();
    let seen = first.clone();
    explore("condition: a newcomer", preemptions, move || {
        let shared = Arc::new(Shared::default());
        let sleeper = start(&shared, move |shared| shared.wait(wait));
        let waiting = shared.number.acquire();
        shared.changed.notify(1);
        let expected = *waiting == 1;
        seen.note(expected);
        drop(waiting);
        let clock = thread::spawn(time_passes);
        assert!(!shared.wait(wait), "stolen");
        assert_eq!(sleeper.join().unwrap(), expected, "stolen");
        clock.join().unwrap();
    });
    first.both();
}

/// The same with two newcomers and a notification of their own, while the first one has not been taken yet.
fn newcomers_take_one_of_their_own(preemptions: usize, notify_one: fn(&Condition)) {
    let first = Seen::default();
    let seen = first.clone();
    explore("condition: newcomers", preemptions, move || {
        let shared = Arc::new(Shared::default());
        let sleeper = start(&shared, |shared| wait_timeout(&shared.changed, shared.number.acquire()).1);
        // The thread starts before the others, and waits, or it has no part in this.
        thread::yield_now();
        let newcomers = [(); 2].map(|()| {
            start(&shared, |shared| {
                let mut waiting = shared.number.acquire();
                (*waiting > 0).then(|| {
                    *waiting += 1;
                    wait_timeout(&shared.changed, waiting).1
                })
            })
        });
        let mut waiting = shared.number.acquire();
        let expected = threads::waiting(&shared.changed) == 1;
        seen.note(expected);
        notify_one(&shared.changed);
        *waiting = 1;
        drop(waiting);
        let waiting = shared.number.acquire();
        let more = *waiting - 1;
        notify_one(&shared.changed);
        drop(waiting);
        time_passes();
        let took = newcomers.map(|newcomer| newcomer.join().unwrap().is_some_and(|notified| notified));
        let took = took.into_iter().filter(|took| *took).count();
        let notified = sleeper.join().unwrap();
        if expected {
            assert!(notified, "stolen");
            assert_eq!(took, more.min(1));
        }
    });
    first.both();
}

#[test]
fn no_change_goes_unnoticed() {
    a_change_is_noticed(Condition::wait, notify_one);
    a_change_is_noticed(Condition::wait, Condition::notify_all);
    a_change_is_noticed(|changed, number| changed.wait_for(number, |number| *number > 0), notify_one);
}

#[test]
fn no_more_are_notified_than_wait() {
    as_many_are_notified(1, 1);
    as_many_are_notified(2, 1);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn no_more_are_notified_than_wait_in_more_orders() {
    as_many_are_notified(1, 2);
    as_many_are_notified(2, 2);
}

#[test]
fn a_newcomer_steals_nothing() {
    a_newcomer_takes_nothing(2, wait_timeout);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_newcomer_steals_nothing_in_more_orders() {
    a_newcomer_takes_nothing(3, wait_timeout);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn newcomers_steal_nothing() {
    newcomers_take_one_of_their_own(2, notify_one);
}

#[test]
fn a_predicate_that_becomes_true_too_late_is_noticed() {
    let in_time = Seen::default();
    let seen = in_time.clone();
    explore("condition: a predicate and a timeout", 3, move || {
        let shared = Arc::new(Shared::default());
        let other = start(&shared, |shared| {
            shared.add_one();
            shared.changed.notify(1);
        });
        let clock = thread::spawn(time_passes);
        let (number, holds) = shared.changed.wait_for_timeout(shared.number.acquire(), LONG, |number| *number > 0);
        assert_eq!(holds, *number > 0);
        seen.note(holds);
        drop(number);
        other.join().unwrap();
        clock.join().unwrap();
    });
    in_time.both();
}

mod without {
    use super::*;

    #[test]
    fn joining_before_the_lock_is_free_a_notification_comes_too_early() {
        fails("deadlock", || a_change_is_noticed(broken::wait_joining_late, notify_one));
    }

    #[test]
    fn waking_who_was_called_it_sleeps_on() {
        fails("deadlock", || a_change_is_noticed(Condition::wait, broken::notify_without_wake));
    }

    #[test]
    fn numbers_a_newcomer_steals() {
        fails("stolen", || a_newcomer_takes_nothing(2, broken::wait_stealing));
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn calls_of_their_own_newcomers_steal() {
        fails("stolen", || newcomers_take_one_of_their_own(2, broken::notify_adding_up));
    }
}
