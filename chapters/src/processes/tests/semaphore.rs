use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(1);

fn memory(permits: usize) -> Arc<Shared> {
    Arc::new(Shared::new(Semaphore::words(permits)).unwrap())
}

fn with(permits: usize) -> Semaphore {
    Semaphore::new(&memory(permits), permits).unwrap()
}

#[test]
fn so_many_at_a_time_and_no_more() {
    let (semaphore, inside) = (with(2), AtomicUsize::new(0));
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
    let semaphore = with(0);
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
    let semaphore = BoundedSemaphore::new(&memory(2), 2).unwrap();
    let permit = semaphore.acquire();
    semaphore.acquire().forget();
    assert_eq!(semaphore.release(3), Err(TooMany));
    assert_eq!(semaphore.available(), 0, "none is given back");
    assert_eq!(semaphore.release(2), Ok(()));
    drop(permit); // the semaphore has already released it
    assert_eq!(semaphore.available(), 2);
    assert_eq!(semaphore.release(0), Ok(()));
    assert_eq!(semaphore.release(usize::MAX), Err(TooMany));
}

#[test]
#[should_panic = "so many permits can be counted"]
fn permits_can_be_counted() {
    with(1).release(usize::MAX);
}

#[test]
fn what_was_released_beyond_the_first_ones_comes_and_goes_too() {
    let semaphore = with(1);
    semaphore.release(1);
    let permits = (semaphore.acquire(), semaphore.acquire());
    assert!(semaphore.try_acquire().is_none());
    semaphore.release(1);
    drop(permits);
    assert_eq!(semaphore.available(), 3);
}

/// Stores the holder of a process that has ended in a permit's word.
fn take_and_die(semaphore: &Semaphore) {
    let dead = thread::spawn(Holder::this_thread).join().unwrap();
    let permit = semaphore.acquire();
    semaphore.permits[permit.index.unwrap()].store(dead.word(), Ordering::Relaxed);
    mem::forget(permit);
    while !dead.is_dead() {
        thread::yield_now();
    }
}

#[test]
fn the_permits_of_the_dead_are_found() {
    let semaphore = with(2);
    let ways: [fn(&Semaphore) -> Option<Permit>; 3] =
        [|it| Some(it.acquire()), |it| it.try_acquire(), |it| it.acquire_timeout(Duration::ZERO)];
    for way in ways {
        take_and_die(&semaphore);
        take_and_die(&semaphore);
        let permit = way(&semaphore);
        assert!(permit.is_some());
        assert_eq!(semaphore.available(), 1);
    }
}

#[test]
fn garbage_in_place_of_a_holder_is_a_permit_that_can_be_acquired() {
    for garbage in [1 << 22, 1 << 31, 1 << 40, u64::MAX] {
        let semaphore = with(1);
        semaphore.permits[0].store(garbage, Ordering::Relaxed);
        assert!(semaphore.acquire_timeout(LONG).is_some(), "{garbage:x} is waited for");
        assert_eq!(semaphore.available(), 1);
        semaphore.permits[0].store(garbage, Ordering::Relaxed);
        assert!(semaphore.try_acquire().is_some());
    }
}
