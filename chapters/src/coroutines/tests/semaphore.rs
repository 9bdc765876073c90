use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task;

use super::super::testing::on_both_runtimes;
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn so_many_at_a_time_and_no_more() {
    on_both_runtimes(async || {
        let shared = Arc::new((Semaphore::new(2), AtomicUsize::new(0)));
        let worker = |shared: Arc<(Semaphore, AtomicUsize)>| async move {
            for _ in 0..1000 {
                let _permit = shared.0.acquire().await;
                assert!(shared.1.fetch_add(1, Ordering::Relaxed) < 2);
                task::yield_now().await;
                shared.1.fetch_sub(1, Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..4).map(|_| task::spawn(worker(Arc::clone(&shared)))).collect();
        for worker in workers {
            worker.await.unwrap();
        }
        assert_eq!(shared.0.available(), 2);
    });
}

#[test]
fn a_release_of_many_wakes_as_many() {
    on_both_runtimes(async || {
        let semaphore = Semaphore::new(0);
        let takes = async || semaphore.acquire_timeout(LONG).await.map(Permit::forget).is_some();
        let release = async {
            semaphore.release(0);
            semaphore.release(4);
        };
        assert_eq!(tokio::join!(takes(), takes(), takes(), release), (true, true, true, ()));
        assert_eq!(semaphore.available(), 1);
        assert!(semaphore.acquire_timeout(Duration::ZERO).await.is_some(), "a zero timeout is one try");
        semaphore.acquire().await.forget();
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.acquire_timeout(SHORT).await.is_none());
    });
}

#[test]
fn nobody_takes_it_again_before_those_who_wait() {
    on_both_runtimes(async || {
        let semaphore = Semaphore::new(1);
        let turns = std::sync::Mutex::new(Vec::new());
        let worker = async |name: char| {
            for _ in 0..3 {
                let _permit = semaphore.acquire().await;
                turns.lock().unwrap().push(name);
                task::yield_now().await;
            }
        };
        tokio::join!(worker('a'), worker('b'));
        assert_eq!(turns.into_inner().unwrap(), ['a', 'b', 'a', 'b', 'a', 'b']);
    });
}

#[test]
fn a_bounded_one_never_has_more_than_at_first() {
    on_both_runtimes(async || {
        let semaphore = BoundedSemaphore::new(2);
        let permit = semaphore.acquire().await;
        semaphore.acquire().await.forget();
        assert_eq!(semaphore.release(3), Err(TooMany));
        assert_eq!(semaphore.available(), 0, "none is given back");
        assert_eq!(semaphore.release(2), Ok(()));
        drop(permit); // somebody released in its place
        assert_eq!(semaphore.available(), 2);
        assert_eq!(semaphore.release(0), Ok(()));
        assert_eq!(semaphore.release(usize::MAX), Err(TooMany));
    });
}

#[test]
#[should_panic = "so many permits can be counted"]
fn permits_can_be_counted() {
    Semaphore::new(1).release(usize::MAX);
}
