//! Another task yields until there are no more children.
//! Refused: one of them polls

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;

/// Starts children that end before their scope does. Its clones belong to the same scope.
#[derive(Clone, Default)]
pub struct Scope {
    children: Arc<Mutex<JoinSet<Result<(), String>>>>,
}

impl Scope {
    /// Starts a child, which runs beside the others.
    pub fn spawn(&self, child: impl Future<Output = Result<(), String>> + Send + 'static) {
        self.children.lock().unwrap().spawn(child);
    }
}

/// Cancels the children, however the scope ends.
struct CancelOnDrop(Scope);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.children.lock().unwrap().abort_all();
    }
}

/// Runs `body` and the children that it spawns, and returns when all have ended.
pub async fn scope<B>(body: impl FnOnce(Scope) -> B) -> Result<(), String>
where
    B: Future<Output = Result<(), String>> + Send + 'static,
{
    let guard = CancelOnDrop(Scope::default());
    let scope = guard.0.clone();
    scope.spawn(body(scope.clone()));
    let helper = tokio::spawn(async move {
        let mut result = Ok(());
        while !scope.children.lock().unwrap().is_empty() {
            let next = scope.children.lock().unwrap().try_join_next();
            match next {
                None => tokio::task::yield_now().await,
                Some(end) => {
                    let end = end.unwrap_or_else(|error| Err(error.to_string()));
                    if result.is_ok() && end.is_err() {
                        result = end;
                        scope.children.lock().unwrap().abort_all();
                    }
                }
            }
        }
        result
    });
    helper.await.unwrap_or_else(|error| Err(error.to_string()))
}
