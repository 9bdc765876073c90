//! Wraps each future in one that remembers.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (one, two) = (std::cell::RefCell::new(None), std::cell::RefCell::new(None));
    let mut first = pin!(async { *one.borrow_mut() = Some(first.await) });
    let mut second = pin!(async { *two.borrow_mut() = Some(second.await) });
    poll_fn(|context| {
        if one.borrow().is_none() {
            _ = first.as_mut().poll(context);
        }
        if two.borrow().is_none() {
            _ = second.as_mut().poll(context);
        }
        if one.borrow().is_some() && two.borrow().is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (one.take().unwrap(), two.take().unwrap())
}
