use std::sync::Arc;
use std::thread;

use super::super::testing::on_both_runtimes;
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn only_its_owner_takes_it_again() {
    async fn other(lock: &Arc<RLock>, expected: bool) {
        let lock = Arc::clone(lock);
        let task = task::spawn(async move {
            assert_eq!(lock.try_acquire().is_some(), expected);
            assert_eq!(lock.acquire_timeout(SHORT).await.is_some(), expected);
        });
        task.await.unwrap();
    }
    on_both_runtimes(async || {
        let lock = Arc::new(RLock::new());
        let (first, second) = (lock.acquire().await, lock.acquire_timeout(Duration::ZERO).await.unwrap());
        other(&lock, false).await;
        drop(first);
        task::yield_now().await; // perhaps on another thread from here
        let third = lock.acquire().await;
        other(&lock, false).await;
        drop(second);
        drop(third);
        other(&lock, true).await;
        assert!(!lock.is_locked());
    });
}

#[test]
fn one_task_at_a_time_owns_it() {
    on_both_runtimes(async || {
        let shared = Arc::new((RLock::new(), std::sync::atomic::AtomicBool::new(false)));
        let worker = |shared: Arc<(RLock, std::sync::atomic::AtomicBool)>| async move {
            for _ in 0..1000 {
                let _guards = (shared.0.acquire().await, shared.0.acquire().await);
                assert!(!shared.1.swap(true, std::sync::atomic::Ordering::Relaxed));
                task::yield_now().await;
                shared.1.store(false, std::sync::atomic::Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..4).map(|_| task::spawn(worker(Arc::clone(&shared)))).collect();
        for worker in workers {
            worker.await.unwrap();
        }
    });
}

#[test]
fn whoever_waits_gets_it_when_its_owner_lets_go() {
    on_both_runtimes(async || {
        let lock = Arc::new(RLock::new());
        let guard = lock.acquire().await;
        let other = Arc::clone(&lock);
        let waiter = task::spawn(async move { other.acquire_timeout(LONG).await.is_some() });
        task::yield_now().await;
        drop(guard);
        assert!(waiter.await.unwrap());
    });
}

#[test]
fn outside_of_any_task_the_thread_owns_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lock = RLock::new();
    let _guards = runtime.block_on(async { (lock.acquire().await, lock.acquire().await) });
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.try_acquire().is_none()));
    });
}
