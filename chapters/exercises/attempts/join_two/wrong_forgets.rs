//! Forgets the output of the future that was ready first.
//! Refused: is still pending

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match (first.as_mut().poll(context), second.as_mut().poll(context)) {
        (Poll::Ready(one), Poll::Ready(two)) => Poll::Ready((one, two)),
        _ => Poll::Pending,
    })
    .await
}
