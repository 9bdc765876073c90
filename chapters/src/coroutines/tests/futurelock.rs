//! Tests of the section on futurelock in the docs of `coroutines`.

use super::*;

/// Checks that `second` waits while `first` isn't polled, although `first` could finish, and that dropping `first` lets
/// `second` finish.
async fn check<A, B>(first: impl Future<Output = A>, release: impl FnOnce(), second: impl Future<Output = B>) {
    let (mut first, mut second) = (Box::pin(first), Box::pin(second));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    release();
    assert!(poll(second.as_mut()).is_pending());
    drop(first);
    second.await;
}

#[test]
fn a_lock() {
    on_both_runtimes(async || {
        let lock = Lock::new();
        let guard = lock.acquire().await;
        check(lock.acquire(), || drop(guard), lock.acquire()).await;
    });
}

#[test]
fn a_semaphore() {
    on_both_runtimes(async || {
        let semaphore = Semaphore::new(0);
        check(semaphore.acquire(), || semaphore.release(2), semaphore.acquire()).await;
        assert_eq!(semaphore.available(), 2);
    });
}

#[test]
fn a_queue() {
    on_both_runtimes(async || {
        let queue: Queue<i32> = Queue::new(0);
        check(queue.get(), || queue.try_put(1).unwrap(), queue.get()).await;
        assert!(queue.is_empty());
    });
}
