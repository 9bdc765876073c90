//! Sleeps until a request has ended.
//! Refused: polls instead of waiting

use tokio::task::JoinSet;

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut requests: JoinSet<_> = requests.into_iter().collect();
    let mut errors = Vec::new();
    while !requests.is_empty() {
        let Some(ended) = requests.try_join_next() else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        match ended {
            Ok(Ok(answer)) => {
                requests.shutdown().await;
                return Ok(answer);
            }
            Ok(Err(error)) => errors.push(error),
            Err(panic) => errors.push(panic.to_string()),
        }
    }
    Err(errors)
}
