//! Spawns children and doesn't wait for them.
//! Refused: has returned

/// Starts children that end before their scope does. Its clones belong to the same scope.
#[derive(Clone, Default)]
pub struct Scope {}

impl Scope {
    /// Starts a child, which runs beside the others.
    pub fn spawn(&self, child: impl Future<Output = Result<(), String>> + Send + 'static) {
        drop(tokio::spawn(child));
    }
}

/// Runs `body` and the children that it spawns, and returns when all have ended.
pub async fn scope<B>(body: impl FnOnce(Scope) -> B) -> Result<(), String>
where
    B: Future<Output = Result<(), String>> + Send + 'static,
{
    body(Scope::default()).await
}
