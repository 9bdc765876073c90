//! Keeps a future until the other one is ready as well.
//! Refused: keeps it until

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Polls a future unless its output is there already. Returns whether it is now.
fn poll<F: Future>(future: Pin<&mut F>, output: &mut Option<F::Output>, context: &mut Context<'_>) -> bool {
    if output.is_none()
        && let Poll::Ready(value) = future.poll(context)
    {
        *output = Some(value);
    }
    output.is_some()
}
/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut two) = (None, None);
    poll_fn(|context| {
        let one_is_ready = poll(first.as_mut(), &mut one, context);
        let two_is_ready = poll(second.as_mut(), &mut two, context);
        if one_is_ready && two_is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (one.unwrap(), two.unwrap())
}
