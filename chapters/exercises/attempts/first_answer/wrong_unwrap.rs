//! Does not expect a panic.
//! Refused: the panic of the request is a panic of `first_answer`

use tokio::task::JoinSet;

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut requests: JoinSet<_> = requests.into_iter().collect();
    let mut errors = Vec::new();
    while let Some(ended) = requests.join_next().await {
        match ended {
            Ok(Ok(answer)) => {
                requests.shutdown().await;
                return Ok(answer);
            }
            Ok(Err(error)) => errors.push(error),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    Err(errors)
}
