//! Sleeps between two polls.
//! Refused: polled 1,000 times

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        let one = loop {
            if let Poll::Ready(output) = first.as_mut().poll(context) {
                break output;
            }
            std::thread::sleep(std::time::Duration::from_micros(1));
        };
        match second.as_mut().poll(context) {
            Poll::Ready(two) => Poll::Ready((one, two)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
