//! Build `first_answer`: ask several servers at the same time, and return the first answer that isn't an error.
//!
//! - An error doesn't end the race. If all questions end in errors, return all errors, in the order in which they came.
//! - A panic in a question counts as an error: `JoinError` has a `to_string`.
//! - When `first_answer` returns, no question exists anymore: the others have been canceled and have ended.
//!
//! This version asks one server after another.

/// Returns the first answer that isn't an error, or all errors.
pub async fn first_answer<F>(questions: Vec<F>) -> Result<u32, Vec<String>>
where
    F: Future<Output = Result<u32, String>> + Send + 'static,
{
    let mut errors = Vec::new();
    for question in questions {
        match question.await {
            Ok(answer) => return Ok(answer),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}
