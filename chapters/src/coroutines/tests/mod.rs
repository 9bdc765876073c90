//! Tests of properties that only the coroutines' primitives have, and of details that other tests can't reach.
//!
//! `tests/contract_primitives` tests the behavior that all three models share, and `tests/cancellation` what a
//! canceled coroutine leaves behind.

mod barrier;
pub(crate) mod client;
mod condition;
mod futurelock;
mod lock;
mod queue;
mod rlock;
mod semaphore;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use clap::ValueEnum;
use tokio::{task, time};

use super::*;

/// A timeout that never expires in a test that succeeds.
const LONG: Duration = Duration::from_secs(120);
/// A timeout that expires.
const SHORT: Duration = Duration::from_millis(1);

/// Runs a test in a task on each runtime.
fn on_both_runtimes<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
    for runtime in Runtime::value_variants() {
        runtime.build().unwrap().block_on(async {
            let task = task::spawn(test());
            time::timeout(LONG, task).await.expect("the test finishes").unwrap();
        });
    }
}

/// Yields to other tasks until `condition` is true.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        task::yield_now().await;
    }
}

/// Polls a future once, with a waker that does nothing.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
