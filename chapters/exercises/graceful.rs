//! Build a service with a graceful shutdown.
//!
//! - `submit` starts answering a request immediately, alongside the others. Once the shutdown has started, it returns
//!   false, and the request is dropped.
//! - `shut_down` waits until all requests have ended, and no longer. After `grace`, it aborts those that are left, and
//!   returns once they no longer exist.
//! - A request that panics counts as failed. The others continue.
//!
//! Use tokio's tasks and its time. This version answers nothing.

use std::time::Duration;

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
    // Add what you need.
}

impl Service {
    /// Creates a service.
    pub fn new() -> Self {
        Self {}
    }

    /// Starts answering a request, and returns true. Returns false if the shutdown has started.
    pub fn submit(&self, request: impl Future<Output = ()> + Send + 'static) -> bool {
        drop(request);
        false
    }

    /// Accepts no more requests, and waits until all have ended. Aborts those that take longer than `grace`.
    pub async fn shut_down(&self, grace: Duration) -> Report {
        _ = grace;
        Report::default()
    }
}
