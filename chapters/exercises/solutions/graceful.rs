//! Taking the set of tasks out of the service makes `submit` return false. The tasks drain, and those that are left are
//! aborted.

use std::sync::Mutex;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

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

// ANCHOR: count
impl Report {
    fn count(&mut self, end: Result<(), JoinError>) {
        match end {
            Ok(()) => self.finished += 1,
            Err(error) if error.is_cancelled() => self.aborted += 1,
            Err(_) => self.failed += 1,
        }
    }
}
// ANCHOR_END: count

/// A service that answers each request in a task of its own.
pub struct Service {
    /// The tasks, until the shutdown begins.
    tasks: Mutex<Option<JoinSet<()>>>,
}

impl Service {
    /// Creates a service.
    pub fn new() -> Self {
        Self { tasks: Mutex::new(Some(JoinSet::new())) }
    }

    /// Starts answering a request, and returns true. Returns false if the shutdown has started.
    pub fn submit(&self, request: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = self.tasks.lock().unwrap();
        let Some(tasks) = tasks.as_mut() else { return false };
        tasks.spawn(request);
        true
    }

    // ANCHOR: solution
    /// Accepts no more requests, and waits until all have ended. Aborts those that take longer than `grace`.
    pub async fn shut_down(&self, grace: Duration) -> Report {
        let tasks = self.tasks.lock().unwrap().take();
        let mut tasks = tasks.unwrap_or_default();
        let mut report = Report::default();
        let drain = async {
            while let Some(end) = tasks.join_next().await {
                report.count(end);
            }
        };
        if timeout(grace, drain).await.is_err() {
            tasks.abort_all();
            while let Some(end) = tasks.join_next().await {
                report.count(end);
            }
        }
        report
    }
    // ANCHOR_END: solution
}
