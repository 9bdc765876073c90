use super::*;

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
