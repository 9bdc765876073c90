//! Polls all requests in the calling task, and catches their panics.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut requests: Vec<Pin<Box<F>>> = requests.into_iter().map(Box::pin).collect();
    let mut errors = Vec::new();
    poll_fn(|context| {
        let mut place = 0;
        while place < requests.len() {
            let polled = catch_unwind(AssertUnwindSafe(|| requests[place].as_mut().poll(context)));
            match polled.unwrap_or_else(|_| Poll::Ready(Err("the request panicked".to_owned()))) {
                Poll::Ready(Ok(answer)) => {
                    requests.clear();
                    return Poll::Ready(Ok(answer));
                }
                Poll::Ready(Err(error)) => {
                    errors.push(error);
                    drop(requests.remove(place));
                }
                Poll::Pending => place += 1,
            }
        }
        if requests.is_empty() { Poll::Ready(Err(std::mem::take(&mut errors))) } else { Poll::Pending }
    })
    .await
}
