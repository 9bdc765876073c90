//! Wakes itself to look at the timer.
//! Refused: again and again

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let (mut timer, mut future) = (pin!(timer), pin!(future));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            context.waker().wake_by_ref();
            timer.as_mut().poll(context).map(|()| None)
        }
    })
    .await
}
