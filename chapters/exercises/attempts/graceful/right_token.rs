//! Each request runs until a token is canceled. `select!` waits for the next end, or for the end of the time.

use std::sync::Mutex;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How the requests of a service have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Those that were answered.
    pub finished: usize,
    /// Those that panicked.
    pub failed: usize,
    /// Those that were aborted because the time was up.
    pub aborted: usize,
}

/// A service that answers each request in a task of its own.
pub struct Service {
    /// The tasks, until the shutdown begins. Each returns whether its request was answered.
    tasks: Mutex<Option<JoinSet<bool>>>,
    cancel: CancellationToken,
}

impl Service {
    /// Creates a service.
    pub fn new() -> Self {
        Self { tasks: Mutex::new(Some(JoinSet::new())), cancel: CancellationToken::new() }
    }

    /// Starts answering a request, and returns true. Returns false if the shutdown has started.
    pub fn submit(&self, request: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = self.tasks.lock().unwrap();
        let Some(tasks) = tasks.as_mut() else { return false };
        let cancel = self.cancel.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = request => true,
                () = cancel.cancelled() => false,
            }
        });
        true
    }

    /// Accepts no more requests, and waits until all have ended. Aborts those that take longer than `grace`.
    pub async fn shut_down(&self, grace: Duration) -> Report {
        let tasks = self.tasks.lock().unwrap().take();
        let mut tasks = tasks.unwrap_or_default();
        let mut report = Report::default();
        let mut time = std::pin::pin!(sleep(grace));
        loop {
            tokio::select! {
                biased;
                end = tasks.join_next() => match end {
                    Some(Ok(true)) => report.finished += 1,
                    Some(Ok(false)) => report.aborted += 1,
                    Some(Err(_)) => report.failed += 1,
                    None => return report,
                },
                () = &mut time, if !self.cancel.is_cancelled() => self.cancel.cancel(),
            }
        }
    }
}
