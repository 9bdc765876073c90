//! Waits for children to spawn, and for the end of one, with `select!`.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

type Child = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Starts children that end before their scope does. Its clones belong to the same scope.
#[derive(Clone)]
pub struct Scope {
    children: mpsc::UnboundedSender<Child>,
}

impl Scope {
    /// Starts a child, which runs beside the others.
    pub fn spawn(&self, child: impl Future<Output = Result<(), String>> + Send + 'static) {
        _ = self.children.send(Box::pin(child));
    }
}

/// Runs `body` and the children that it spawns, and returns when all have ended.
pub async fn scope<B>(body: impl FnOnce(Scope) -> B) -> Result<(), String>
where
    B: Future<Output = Result<(), String>> + Send + 'static,
{
    let (children, mut spawned) = mpsc::unbounded_channel();
    let mut set = JoinSet::new();
    set.spawn(body(Scope { children }));
    loop {
        tokio::select! {
            biased;
            Some(child) = spawned.recv() => {
                set.spawn(child);
            }
            end = set.join_next() => {
                let error = match end {
                    Some(Ok(Ok(()))) => continue,
                    Some(Ok(Err(error))) => error,
                    Some(Err(error)) => error.to_string(),
                    None => return Ok(()),
                };
                set.shutdown().await;
                return Err(error);
            }
        }
    }
}
