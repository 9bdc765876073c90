//! Aborts the others, and takes their results until none is left.

use tokio::task::JoinSet;

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut set = JoinSet::new();
    requests.into_iter().for_each(|request| _ = set.spawn(request));
    let (mut answer, mut errors) = (None, Vec::new());
    while let Some(ended) = set.join_next().await {
        match ended {
            Ok(Ok(first)) if answer.is_none() => {
                answer = Some(first);
                set.abort_all();
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => errors.push(error),
            Err(end) if end.is_panic() => errors.push(end.to_string()),
            Err(_) => {}
        }
    }
    answer.ok_or(errors)
}
