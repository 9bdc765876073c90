//! What the unit tests of the coroutines share: each runs on both runtimes.

use std::time::Duration;

use tokio::{task, time};

use super::*;

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs a test in a task on both runtimes.
pub(super) fn on_both_runtimes<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
    for runtime in Runtime::value_variants() {
        runtime.build().unwrap().block_on(async {
            let task = task::spawn(test());
            time::timeout(LIMIT, task).await.expect("nobody is stuck").unwrap();
        });
    }
}

/// Lets others run until it is so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        task::yield_now().await;
    }
}
