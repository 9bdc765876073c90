use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn memory(permits: usize) -> Arc<Shared> {
    Arc::new(Shared::new(Semaphore::words(permits)).unwrap())
}

fn with(permits: usize) -> Semaphore {
    Semaphore::new(&memory(permits), permits).unwrap()
}

#[test]
#[should_panic = "the number of permits fits a usize"]
fn permits_can_be_counted() {
    with(1).release(usize::MAX);
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
