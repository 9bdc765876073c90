//! Sleeps for a second instead of using the timer.
//! Refused: the timer was never polled

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    _ = timer;
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            std::thread::sleep(std::time::Duration::from_millis(100));
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}
