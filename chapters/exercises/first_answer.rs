//! Build `first_answer`: send requests to several servers at the same time, and return the first successful answer.
//!
//! - If a request fails, wait for the others. If all requests fail, return all errors, in the order in which they occurred.
//! - A panic in a request counts as an error, whatever its message.
//! - `first_answer` waits for a request to end, and doesn't poll.
//! - When `first_answer` returns, no other request still exists. If `first_answer` is dropped, its requests are canceled.
//!
//! This version sends one request after another.

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(requests: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut errors = Vec::new();
    for request in requests {
        match request.await {
            Ok(answer) => return Ok(answer),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}
