//! Build a structured scope for coroutines: a function that returns only when all the children that were started in it
//! have ended.
//!
//! - Children run concurrently with each other and with the body. They may spawn others.
//! - The first error cancels the body and all children, and it's the result of the scope. A panic is an error:
//!   `JoinError` has a `to_string`. When the scope returns, no child still exists.
//! - If the scope itself is dropped, its children are canceled.
//!
//! Use tokio's tasks. This version drops its children.

/// Starts children that end before their scope does. Its clones belong to the same scope.
#[derive(Clone, Default)]
pub struct Scope {
    // Add what you need.
}

impl Scope {
    /// Starts a child, which runs beside the others.
    pub fn spawn(&self, child: impl Future<Output = Result<(), String>> + Send + 'static) {
        drop(child);
    }
}

/// Runs `body` and the children that it spawns, and returns when all have ended.
pub async fn scope<B>(body: impl FnOnce(Scope) -> B) -> Result<(), String>
where
    B: Future<Output = Result<(), String>> + Send + 'static,
{
    body(Scope::default()).await
}
