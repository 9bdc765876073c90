//! Each poll polls the futures that aren't ready, and drops those that are. The futures store the waker wherever it's
//! needed.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

// ANCHOR: solution
/// Polls a future unless its output is there already. Returns whether it is now.
fn poll<F: Future>(mut future: Pin<&mut Option<F>>, output: &mut Option<F::Output>, context: &mut Context<'_>) -> bool {
    if let Some(running) = future.as_mut().as_pin_mut()
        && let Poll::Ready(value) = running.poll(context)
    {
        *output = Some(value);
        future.set(None);
    }
    output.is_some()
}
/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(Some(first)), pin!(Some(second)));
    let (mut one, mut two) = (None, None);
    poll_fn(|context| {
        let one_is_ready = poll(first.as_mut(), &mut one, context);
        let two_is_ready = poll(second.as_mut(), &mut two, context);
        if one_is_ready && two_is_ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (one.unwrap(), two.unwrap())
}
// ANCHOR_END: solution
