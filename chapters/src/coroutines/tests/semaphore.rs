use super::*;

#[test]
#[should_panic = "the number of permits fits a usize"]
fn too_many_permits_are_refused() {
    Semaphore::new(1).release(usize::MAX);
}

#[test]
fn permits_are_acquired_in_turn() {
    on_both_runtimes(async || {
        let (semaphore, turns) = (Semaphore::new(1), std::sync::Mutex::new(Vec::new()));
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
