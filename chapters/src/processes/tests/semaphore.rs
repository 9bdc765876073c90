use super::*;

const LONG: Duration = Duration::from_secs(120);

fn with(permits: usize) -> Semaphore {
    Semaphore::new(&Arc::new(Shared::new(Semaphore::words(permits)).unwrap()), permits).unwrap()
}

#[test]
#[should_panic = "the number of permits fits a usize"]
fn permits_can_be_counted() {
    with(1).release(usize::MAX);
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
