use super::*;
use crate::broken::condition_ as broken;
use crate::threads::{Condition, Lock, LockGuard};

type Wait = for<'a> fn(&Condition, LockGuard<'a, usize>) -> LockGuard<'a, usize>;
type WaitTimeout = for<'a> fn(&Shared, LockGuard<'a, usize>) -> (LockGuard<'a, usize>, bool);

fn wait_timeout<'a>(shared: &Shared, guard: LockGuard<'a, usize>) -> (LockGuard<'a, usize>, bool) {
    shared.changed.wait_timeout(guard, LONG)
}

fn notify_one(condition: &Condition) {
    condition.notify(1);
}

/// A number that threads wait for.
#[derive(Default)]
struct Shared {
    number: Lock<usize>,
    changed: Condition,
    broken: broken::Counting,
}

impl Shared {
    fn add_one(&self) {
        *self.number.acquire() += 1;
    }

    /// Counts itself as waiting, and waits with a timeout.
    fn wait(&self, wait: WaitTimeout) -> bool {
        let mut waiting = self.number.acquire();
        *waiting += 1;
        wait(self, waiting).1
    }
}

/// One thread changes the number with the lock held, and the thread that waits for the change wakes up.
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

/// Two threads wait, now or later. As many are notified as are waiting, but at most `n`. The others time out.
fn as_many_are_notified(n: usize) {
    explore(&format!("condition: notify({n})"), 3, move || {
        let shared = Arc::new(Shared::default());
        let waiters = [(); 2].map(|()| start(&shared, |shared| shared.wait(wait_timeout)));
        let waiting = shared.number.acquire();
        shared.changed.notify(n);
        let expected = n.min(*waiting);
        drop(waiting);
        time_passes();
        let notified = waiters.into_iter().map(|waiter| usize::from(waiter.join().unwrap()));
        assert_eq!(notified.sum::<usize>(), expected);
    });
}

/// A thread that starts waiting after a notification doesn't take it from the thread that was waiting.
fn a_newcomer_takes_nothing(wait: WaitTimeout, notify_one: fn(&Shared)) {
    explore_outcomes("condition: a newcomer", 3, &[false, true], move || {
        let shared = Arc::new(Shared::default());
        let waiter = start(&shared, move |shared| shared.wait(wait));
        let waiting = shared.number.acquire();
        notify_one(&shared);
        let expected = *waiting == 1;
        drop(waiting);
        let clock = thread::spawn(time_passes);
        assert!(!shared.wait(wait), "stolen or lost");
        assert_eq!(waiter.join().unwrap(), expected, "stolen or lost");
        clock.join().unwrap();
        expected
    });
}

/// One thread waits with a timeout and passes on its notification, if it gets one. Another thread waits without a
/// timeout and must be notified, even if the notification and the timeout of the first thread happen at the same time.
fn no_notification_is_lost(wait: WaitTimeout) {
    const WAITS: usize = 1;
    const CHANGED: usize = 2;
    explore("condition: a notification and a timeout", 3, move || {
        let shared = Arc::new(Shared::default());
        let timed = start(&shared, move |shared| {
            if wait(shared, shared.number.acquire()).1 {
                shared.changed.notify(1);
            }
        });
        let other = start(&shared, |shared| {
            let mut number = shared.number.acquire();
            if *number != CHANGED {
                *number = WAITS;
                drop(shared.changed.wait(number));
            }
        });
        let clock = thread::spawn(time_passes);
        *shared.number.acquire() = CHANGED;
        shared.changed.notify(1);
        [timed, other, clock].into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn no_change_goes_unnoticed() {
    a_change_is_noticed(Condition::wait, notify_one);
    a_change_is_noticed(Condition::wait, Condition::notify_all);
    a_change_is_noticed(|changed, number| changed.wait_for(number, |number| *number > 0), notify_one);
}

#[test]
fn no_more_are_notified_than_wait() {
    as_many_are_notified(1);
    as_many_are_notified(2);
}

#[test]
fn a_newcomer_steals_nothing() {
    a_newcomer_takes_nothing(wait_timeout, |shared| shared.changed.notify(1));
}

#[test]
fn a_notification_just_as_the_timeout_expires_counts() {
    no_notification_is_lost(wait_timeout);
}

#[test]
fn a_predicate_that_becomes_true_too_late_is_noticed() {
    explore_outcomes("condition: a predicate and a timeout", 3, &[false, true], move || {
        let shared = Arc::new(Shared::default());
        let other = start(&shared, |shared| {
            shared.add_one();
            shared.changed.notify(1);
        });
        let clock = thread::spawn(time_passes);
        let (number, holds) = shared.changed.wait_for_timeout(shared.number.acquire(), LONG, |number| *number > 0);
        assert_eq!(holds, *number > 0);
        drop(number);
        other.join().unwrap();
        clock.join().unwrap();
        holds
    });
}

mod without {
    use super::*;

    #[test]
    fn entering_before_the_release_a_notification_is_lost() {
        fails("deadlock", || a_change_is_noticed(broken::wait_entering_late, notify_one));
    }

    #[test]
    fn waking_the_waiter_it_sleeps_forever() {
        fails("deadlock", || a_change_is_noticed(Condition::wait, broken::notify_without_wake));
    }

    #[test]
    fn parking_it_wakes_without_a_notification() {
        fails("stolen or lost", || {
            a_newcomer_takes_nothing(
                |shared, guard| broken::wait_with_unparked_waiter(&shared.changed, guard),
                |shared| shared.changed.notify(1),
            )
        });
    }

    #[test]
    fn addressing_notifications_a_newcomer_steals_one() {
        fails("stolen or lost", || {
            a_newcomer_takes_nothing(
                |shared, guard| shared.broken.wait_timeout(guard),
                |shared| shared.broken.notify_one(),
            )
        });
    }

    #[test]
    fn checking_the_queue_after_the_timeout_a_notification_is_lost() {
        fails("deadlock", || {
            no_notification_is_lost(|shared, guard| broken::wait_without_remove_check(&shared.changed, guard))
        });
    }
}
