//! A struct with a `poll` of its own.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    Join { first: Some(Box::pin(first)), second: Some(Box::pin(second)), one: None, two: None }.await
}
struct Join<A: Future, B: Future> {
    first: Option<Pin<Box<A>>>,
    second: Option<Pin<Box<B>>>,
    one: Option<A::Output>,
    two: Option<B::Output>,
}

impl<A: Future, B: Future> Unpin for Join<A, B> {}

impl<A: Future, B: Future> Future for Join<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(second) = &mut this.second
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            (this.second, this.two) = (None, Some(output));
        }
        if let Some(first) = &mut this.first
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            (this.first, this.one) = (None, Some(output));
        }
        if this.one.is_none() || this.two.is_none() {
            return Poll::Pending;
        }
        Poll::Ready((this.one.take().unwrap(), this.two.take().unwrap()))
    }
}
