use std::sync::Arc;

use tokio::task;

use super::super::testing::on_both_runtimes;
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn one_task_at_a_time_holds_it() {
    on_both_runtimes(async || {
        let number = Arc::new(Lock::guarding(0_u64));
        let adder = |number: Arc<Lock<u64>>| async move {
            for _ in 0..1000 {
                let mut guard = number.acquire().await;
                let before = *guard;
                task::yield_now().await;
                *guard = before + 1;
            }
        };
        let adders: Vec<_> = (0..4).map(|_| task::spawn(adder(Arc::clone(&number)))).collect();
        for adder in adders {
            adder.await.unwrap();
        }
        assert_eq!(*number.acquire().await, 4000);
        assert!(!number.is_locked());
    });
}

#[test]
fn those_who_wait_get_it_in_the_order_in_which_they_came() {
    on_both_runtimes(async || {
        let lock = Lock::guarding(Vec::new());
        let guard = lock.acquire().await;
        let come = async |number| lock.acquire().await.push(number);
        tokio::join!(come(1), come(2), come(3), async { drop(guard) }, come(4));
        assert_eq!(*lock.acquire().await, [1, 2, 3, 4]);
    });
}

#[test]
fn a_timeout_ends_a_wait_and_a_release_ends_it_sooner() {
    on_both_runtimes(async || {
        let lock = Lock::new();
        let guard = lock.acquire().await;
        assert!(lock.acquire_timeout(SHORT).await.is_none());
        assert!(lock.acquire_timeout(Duration::ZERO).await.is_none());
        let (acquired, ()) = tokio::join!(lock.acquire_timeout(LONG), async { drop(guard) });
        assert!(acquired.is_some());
        drop(acquired);
        assert!(lock.acquire_timeout(Duration::ZERO).await.is_some());
        assert!(lock.acquire_timeout(Duration::MAX).await.is_some());
    });
}

#[test]
fn the_next_holder_alone_is_told_of_a_panic() {
    on_both_runtimes(async || {
        let lock = Arc::new(Lock::guarding(1));
        let holder = Arc::clone(&lock);
        let panicked = task::spawn(async move {
            *holder.acquire().await = 2;
            let _guard = holder.acquire().await;
            std::panic::resume_unwind(Box::new("while holding the lock"));
        });
        assert!(panicked.await.is_err());
        let next = lock.try_acquire().unwrap();
        assert!(next.is_abandoned());
        assert_eq!(*next, 2);
        drop(next);
        assert!(!lock.acquire().await.is_abandoned());
    });
}

#[test]
fn a_holder_that_is_cancelled_has_given_it_back() {
    on_both_runtimes(async || {
        let lock = Arc::new(Lock::new());
        let holder = Arc::clone(&lock);
        let holder = task::spawn(async move {
            let _guard = holder.acquire().await;
            std::future::pending::<()>().await;
        });
        while !lock.is_locked() {
            task::yield_now().await;
        }
        holder.abort();
        assert!(!lock.acquire().await.is_abandoned());
    });
}

#[test]
fn asking_never_makes_it_look_locked() {
    let lock = Lock::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!((0..10_000).all(|_| !lock.is_locked())));
        }
    });
}
