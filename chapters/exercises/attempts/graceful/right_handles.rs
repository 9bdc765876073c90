//! Keeps the handles in a list.

use std::sync::Mutex;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

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
    tasks: Mutex<(bool, Vec<JoinHandle<()>>)>,
}

impl Service {
    /// Creates a service.
    pub fn new() -> Self {
        Self { tasks: Mutex::new((true, vec![])) }
    }

    /// Starts answering a request, and returns true. Returns false if the shutdown has started.
    pub fn submit(&self, request: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = self.tasks.lock().unwrap();
        if tasks.0 {
            tasks.1.push(tokio::spawn(request));
        }
        tasks.0
    }

    /// Accepts no more requests, and waits until all have ended. Aborts those that take longer than `grace`.
    pub async fn shut_down(&self, grace: Duration) -> Report {
        let deadline = Instant::now() + grace;
        let tasks = {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.0 = false;
            std::mem::take(&mut tasks.1)
        };
        let mut report = Report::default();
        for mut task in tasks {
            let end = match timeout_at(deadline, &mut task).await {
                Ok(end) => end,
                Err(_) => {
                    task.abort();
                    task.await
                }
            };
            match end {
                Ok(()) => report.finished += 1,
                Err(error) if error.is_cancelled() => report.aborted += 1,
                Err(_) => report.failed += 1,
            }
        }
        report
    }
}
