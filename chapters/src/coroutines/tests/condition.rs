use super::*;

/// A lock whose last holder panicked.
async fn abandoned(value: i32) -> Arc<Lock<i32>> {
    let lock = Arc::new(Lock::guarding(value));
    abandon(&lock).await;
    lock
}

async fn abandon(lock: &Arc<Lock<i32>>) {
    let lock = Arc::clone(lock);
    let panicked = task::spawn(async move {
        let _guard = lock.acquire().await;
        std::panic::resume_unwind(Box::new("while holding the lock"));
    });
    assert!(panicked.await.is_err());
}

#[test]
fn wait_for_reports_a_panic_that_the_first_guard_reported() {
    on_both_runtimes(async || {
        let (lock, condition) = (abandoned(1).await, Condition::new());
        let guard = lock.acquire().await;
        let (guard, holds) = condition.wait_for_timeout(guard, Duration::ZERO, |number| *number == 2).await;
        assert!(!holds && guard.is_abandoned());
        drop(guard);
        assert!(!lock.acquire().await.is_abandoned());
    });
}

#[test]
fn wait_for_reports_a_panic_that_a_guard_in_between_reported() {
    on_both_runtimes(async || {
        let (lock, condition) = (Arc::new(Lock::guarding(0)), Arc::new(Condition::new()));
        let (its_lock, its_condition) = (Arc::clone(&lock), Arc::clone(&condition));
        let waiter = task::spawn(async move {
            its_condition.wait_for(its_lock.acquire().await, |number| *number == 2).await.is_abandoned()
        });
        until(|| condition.num_waiters() == 1).await;
        abandon(&lock).await;
        condition.notify(1); // the predicate is false, so the coroutine waits again
        until(|| condition.num_waiters() == 1).await;
        *lock.acquire().await = 2;
        condition.notify(1);
        assert!(waiter.await.unwrap());
        assert!(!lock.acquire().await.is_abandoned());
    });
}

#[test]
fn wait_repeats_no_panic_that_its_guard_reported() {
    on_both_runtimes(async || {
        let (lock, condition) = (abandoned(1).await, Condition::new());
        let guard = lock.acquire().await;
        assert!(guard.is_abandoned());
        assert!(!condition.wait_timeout(guard, Duration::ZERO).await.0.is_abandoned());
        let guard = lock.acquire().await;
        assert!(!condition.wait_for_timeout(guard, SHORT, |number| *number == 2).await.0.is_abandoned());
    });
}

#[test]
fn a_notification_counts_even_if_the_lock_is_acquired_after_the_timeout() {
    on_both_runtimes(async || {
        let (lock, condition) = (Lock::new(), Condition::new());
        let waiter = condition.wait_timeout(lock.acquire().await, Duration::ZERO);
        let late = async {
            let _guard = lock.acquire().await; // `waiter` has to wait for this guard
            time::sleep(SHORT).await;
            condition.notify(1);
        };
        let ((_guard, notified), ()) = tokio::join!(waiter, late);
        assert!(notified);
    });
}
