//! Children are sent to the scope, which spawns them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

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
    let mut result = Ok(());
    loop {
        let ended = poll_fn(|context| {
            while let Poll::Ready(Some(child)) = spawned.poll_recv(context) {
                if result.is_ok() {
                    set.spawn(child);
                }
            }
            set.poll_join_next(context)
        });
        let end = match ended.await {
            Some(Ok(end)) => end,
            Some(Err(error)) if error.is_cancelled() => Ok(()),
            Some(Err(error)) => Err(error.to_string()),
            None => return result,
        };
        if result.is_ok() && end.is_err() {
            result = end;
            set.abort_all();
        }
    }
}
