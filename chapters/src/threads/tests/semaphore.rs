use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::errors::TooMany;

#[test]
fn so_many_at_a_time_and_no_more() {
    let (semaphore, inside) = (Semaphore::new(2), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let _permit = semaphore.acquire();
                    assert!(inside.fetch_add(1, Ordering::Relaxed) < 2);
                    inside.fetch_sub(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_release_of_many_wakes_as_many() {
    let semaphore = Semaphore::new(0);
    thread::scope(|scope| {
        let takes = || semaphore.acquire_timeout(LONG).map(Permit::forget).is_some();
        let waiters: Vec<_> = (0..3).map(|_| scope.spawn(takes)).collect();
        semaphore.release(0);
        semaphore.release(4);
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    });
    assert_eq!(semaphore.available(), 1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_some(), "a zero timeout is one try");
    semaphore.acquire().forget();
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.acquire_timeout(SHORT).is_none());
}

#[test]
fn a_bounded_one_never_has_more_than_at_first() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = semaphore.acquire();
    semaphore.acquire().forget();
    assert_eq!(semaphore.release(3), Err(TooMany));
    assert_eq!(semaphore.available(), 0, "none is given back");
    assert_eq!(semaphore.release(2), Ok(()));
    drop(permit); // somebody released in its place
    assert_eq!(semaphore.available(), 2);
    assert_eq!(semaphore.release(0), Ok(()));
    assert_eq!(semaphore.release(usize::MAX), Err(TooMany));
}

#[test]
#[should_panic = "so many permits can be counted"]
fn permits_can_be_counted() {
    Semaphore::new(1).release(usize::MAX);
}
