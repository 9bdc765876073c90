//! Polls the future only once.
//! Refused: never polled again

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let (mut timer, mut future) = (pin!(timer), pin!(future));
    let mut polled = false;
    poll_fn(|context| {
        if !polled {
            polled = true;
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
