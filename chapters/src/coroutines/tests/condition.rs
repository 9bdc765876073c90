use std::sync::Arc;

use tokio::task::{self, JoinHandle};
use tokio::time;

use super::super::Lock;
use super::super::testing::{on_both_runtimes, until};
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Bedroom {
    lock: Lock<Vec<usize>>,
    condition: Condition,
}

/// Starts a number of tasks, one after the other, that wait until notified and then note down their numbers.
async fn start_sleepers(bedroom: &Arc<Bedroom>, count: usize) -> Vec<JoinHandle<()>> {
    let mut sleepers = Vec::new();
    for number in 0..count {
        let bed = Arc::clone(bedroom);
        sleepers.push(task::spawn(async move {
            let (mut woken, notified) = bed.condition.wait_timeout(bed.lock.acquire().await, LONG).await;
            assert!(notified);
            woken.push(number);
        }));
        until(|| bedroom.condition.waiting() == number + 1).await;
    }
    sleepers
}

#[test]
fn as_many_wake_as_are_notified_in_the_order_in_which_they_came() {
    on_both_runtimes(async || {
        let bedroom = Arc::default();
        let sleepers = start_sleepers(&bedroom, 5).await;
        for (number, sleeper) in sleepers.into_iter().enumerate() {
            bedroom.condition.notify(0);
            bedroom.condition.notify(1);
            sleeper.await.unwrap();
            assert_eq!(*bedroom.lock.acquire().await, (0..=number).collect::<Vec<_>>());
            assert_eq!(bedroom.condition.waiting(), 4 - number);
        }
    });
}

#[test]
fn notifications_add_up_while_nobody_has_woken_yet() {
    on_both_runtimes(async || {
        let bedroom = Arc::default();
        let sleepers = start_sleepers(&bedroom, 3).await;
        let guard = bedroom.lock.acquire().await; // nobody returns before this is dropped
        bedroom.condition.notify(1);
        bedroom.condition.notify(1);
        bedroom.condition.notify(7);
        drop(guard);
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        assert_eq!(bedroom.condition.waiting(), 0);
    });
}

#[test]
fn a_notification_that_meets_a_cancelled_one_goes_to_the_next() {
    on_both_runtimes(async || {
        let condition = Condition::new();
        let (first, second, third) = (condition.join(), condition.join(), condition.join());
        condition.notify(1);
        drop(first);
        drop(third);
        second.notified().await;
        drop(second);
        assert!(condition.line.acquire().sleepers.is_empty());
    });
}

#[test]
fn nobody_takes_a_notification_that_was_made_before_it_came() {
    let condition = Condition::new();
    let first = condition.join();
    condition.notify(2);
    let newcomer = condition.join();
    assert!(!newcomer.rise());
    assert!(first.rise());
}

#[test]
fn a_notification_counts_as_one_even_if_the_lock_comes_after_the_timeout() {
    on_both_runtimes(async || {
        let (lock, condition) = (Lock::new(), Condition::new());
        let sleeper = condition.wait_timeout(lock.acquire().await, Duration::ZERO);
        let late = async {
            let _guard = lock.acquire().await; // the other one must wait for this
            time::sleep(SHORT).await;
            condition.notify(1);
        };
        let ((_guard, notified), ()) = tokio::join!(sleeper, late);
        assert!(notified);
    });
}

#[test]
fn a_timeout_leaves_nothing_behind() {
    on_both_runtimes(async || {
        let (lock, condition) = (Lock::new(), Condition::new());
        assert!(!condition.wait_timeout(lock.acquire().await, SHORT).await.1);
        assert!(!condition.wait_timeout(lock.acquire().await, Duration::ZERO).await.1);
        assert_eq!(condition.waiting(), 0);
        condition.notify_all();
        assert!(!condition.wait_timeout(lock.acquire().await, SHORT).await.1);
    });
}

#[test]
fn the_predicate_is_asked_before_the_clock() {
    on_both_runtimes(async || {
        let (lock, condition) = (Lock::guarding(1), Condition::new());
        let is_one = |number: &mut i32| *number == 1;
        assert!(condition.wait_for_timeout(lock.acquire().await, Duration::ZERO, is_one).await.1);
        let mut asked = 0;
        let asks = |_: &mut i32| {
            asked += 1;
            false
        };
        assert!(!condition.wait_for_timeout(lock.acquire().await, SHORT, asks).await.1);
        assert_eq!(asked, 2);
    });
}
