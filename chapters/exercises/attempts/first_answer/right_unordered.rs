//! Polls all requests in one task, with `FuturesUnordered`. Returning drops those that haven't ended.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let safe = requests.into_iter().map(|request| AssertUnwindSafe(request).catch_unwind());
    let mut requests: FuturesUnordered<_> = safe.collect();
    let mut errors = Vec::new();
    while let Some(ended) = requests.next().await {
        match ended {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => errors.push(error),
            Err(_) => errors.push("it panicked".to_owned()),
        }
    }
    Err(errors)
}
