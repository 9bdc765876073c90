//! Polls in a loop.
//! Refused: polled 1,000 times

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let (mut timer, mut future) = (pin!(timer), pin!(future));
    poll_fn(|context| {
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
        }
    })
    .await
}
