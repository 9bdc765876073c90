//! Polls a future that was ready before.
//! Refused: polled again after it was ready

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut two) = (None, None);
    poll_fn(|context| {
        if let Poll::Ready(output) = first.as_mut().poll(context) {
            one = Some(output);
        }
        if let Poll::Ready(output) = second.as_mut().poll(context) {
            two = Some(output);
        }
        match (one.take(), two.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            outputs => {
                (one, two) = outputs;
                Poll::Pending
            }
        }
    })
    .await
}
