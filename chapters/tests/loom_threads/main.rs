//! Model checks of the primitives and the queues of threads: small programs of two or three threads, explored in all
//! interleavings.
//!
//! These tests compile the files in `src/threads` a second time, with types from [loom](https://docs.rs/loom) in place
//! of the standard library's. Loom runs each model once for each interleaving, including the moments at which a timeout
//! can expire. It reports deadlocks and data races, and the models assert the rest. With `--nocapture`, each test
//! prints the number of interleavings. Outside of CI, most models are limited to two preemptions.
//!
//! The modules named `without` check that the models find mistakes: they run them on mutants of the methods
//! (`broken.rs`), in which one step is missing.

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../../src/errors.rs"]
mod errors;
#[path = "../common/model.rs"]
mod model;
#[path = "../../src/storage.rs"]
mod storage;
mod sync;
#[allow(dead_code, reason = "the models use a part of it")]
mod threads;

mod barrier;
mod condition;
mod event;
mod lock;
mod park_lock;
mod queue;
mod rlock;
mod semaphore;
mod simple_queue;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use model::{explore, fails};
use sync::time_passes;
use threads::broken;

/// A timeout that expires when the model calls `time_passes`.
const LONG: Duration = Duration::from_secs(30);

/// Starts a thread that shares a value with its caller.
fn start<S: 'static, T: 'static>(shared: &Arc<S>, work: impl FnOnce(&S) -> T + 'static) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    thread::spawn(move || work(&shared))
}

/// Like [`explore`], for a model with several outcomes: checks that each of them happens, and no other one.
fn explore_outcomes<T: Debug + Ord + Send + 'static>(
    name: &str,
    preemptions: impl Into<Option<usize>>,
    expected: &[T],
    model: impl Fn() -> T + Send + Sync + 'static,
) {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&outcomes);
    explore(name, preemptions, move || {
        let outcome = model();
        seen.lock().unwrap().insert(outcome);
    });
    assert!(outcomes.lock().unwrap().iter().eq(expected), "{outcomes:?} instead of {expected:?}");
}
