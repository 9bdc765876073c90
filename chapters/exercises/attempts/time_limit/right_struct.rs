//! A struct with a `poll` of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Returns the output of `future`, or `None` if `timer` is ready before.
pub async fn timeout<T>(timer: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    Timeout { timer: Box::pin(timer), future: Box::pin(future) }.await
}
struct Timeout<T, F> {
    timer: Pin<Box<T>>,
    future: Pin<Box<F>>,
}

impl<T: Future, F: Future> Future for Timeout<T, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if self.timer.as_mut().poll(context).is_ready() { Poll::Ready(None) } else { Poll::Pending }
    }
}
