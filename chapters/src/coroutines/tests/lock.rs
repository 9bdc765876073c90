use super::*;

#[test]
fn a_cancelled_holder_releases_the_lock_and_does_not_abandon_it() {
    on_both_runtimes(async || {
        let lock = Arc::new(Lock::new());
        let holder = Arc::clone(&lock);
        let holder = task::spawn(async move {
            let _guard = holder.acquire().await;
            std::future::pending::<()>().await;
        });
        until(|| lock.is_locked()).await;
        holder.abort();
        assert!(!lock.acquire().await.is_abandoned());
    });
}
