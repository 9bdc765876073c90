//! Returns pending once after each job, with a future of its own.

use async_channel::Receiver;

/// A job computes something. It isn't `async`, so it never yields.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does jobs until the queue is closed and empty, and returns how many it did.
pub async fn work(queue: Receiver<Job>) -> usize {
    let mut done = 0;
    while let Ok(job) = queue.recv().await {
        job();
        done += 1;
        let mut was_pending = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut was_pending, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
    done
}
