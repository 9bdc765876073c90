//! Wakes itself to be polled again.
//! Refused: polled again and again

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut two) = (None, None);
    poll_fn(|context| {
        if one.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            one = Some(output);
        }
        if two.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            two = Some(output);
        }
        match (one.take(), two.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            outputs => {
                (one, two) = outputs;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await
}
