//! Aborts the other tasks after an answer, but not if it's dropped.
//! Refused: was dropped

use futures::stream::{FuturesUnordered, StreamExt};

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut requests: FuturesUnordered<_> = requests.into_iter().map(tokio::spawn).collect();
    let mut errors = Vec::new();
    while let Some(ended) = requests.next().await {
        match ended {
            Ok(Ok(answer)) => {
                requests.iter().for_each(|request| request.abort());
                while requests.next().await.is_some() {}
                return Ok(answer);
            }
            Ok(Err(error)) => errors.push(error),
            Err(panic) => errors.push(panic.to_string()),
        }
    }
    Err(errors)
}
