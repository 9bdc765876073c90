//! Lets the others go on.
//! Refused: left after `first_answer` has returned

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
                requests.detach_all();
                return Ok(answer);
            }
            Ok(Err(error)) => errors.push(error),
            Err(panic) => errors.push(panic.to_string()),
        }
    }
    Err(errors)
}
