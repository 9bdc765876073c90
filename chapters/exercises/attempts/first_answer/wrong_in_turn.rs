//! Waits for the requests in their order.
//! Refused: One server answers 3 after 3 s

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
    let mut errors = Vec::new();
    for task in tasks {
        match task.await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => errors.push(error),
            Err(panic) => errors.push(panic.to_string()),
        }
    }
    Err(errors)
}
