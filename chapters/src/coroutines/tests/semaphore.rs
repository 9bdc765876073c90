use super::*;

#[test]
#[should_panic = "the number of permits fits a usize"]
fn too_many_permits_are_refused() {
    Semaphore::new(1).release(usize::MAX);
}

#[test]
fn is_locked_while_others_wait_for_a_released_permit() {
    on_both_runtimes(async || {
        let semaphore = Semaphore::new(0);
        let mut waiting = Box::pin(semaphore.acquire());
        assert!(poll(waiting.as_mut()).is_pending());
        semaphore.release(1);
        assert_eq!((semaphore.available(), semaphore.is_locked()), (1, true));
        assert!(poll(waiting.as_mut()).is_ready());
        drop(waiting);
        assert!(!semaphore.is_locked());
    });
}
