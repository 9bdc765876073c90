//! Takes a poll in which the future isn't ready for the end of the time.
//! Refused: the second poll of `timeout` is

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::task::Poll;

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let (mut timer, mut future) = (pin!(timer), pin!(future));
    let mut is_polled = false;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if mem::replace(&mut is_polled, true) {
            return Poll::Ready(None);
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
