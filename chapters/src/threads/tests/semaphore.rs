use super::*;
use crate::errors::TooMany;

#[test]
fn a_permit_that_was_replaced_is_not_released_twice() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = semaphore.acquire();
    assert_eq!(semaphore.release(1), Ok(()));
    drop(permit);
    assert_eq!(semaphore.available(), 2);
    assert_eq!(semaphore.release(usize::MAX), Err(TooMany));
}

#[test]
#[should_panic = "the number of permits fits a usize"]
fn too_many_permits_are_refused() {
    Semaphore::new(1).release(usize::MAX);
}
