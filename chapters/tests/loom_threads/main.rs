//! The primitives and the queue of threads, tried in every order in which a few threads can meet.
//!
//! `src/threads` is compiled a second time here, on parts from [loom](https://docs.rs/loom) in place of the standard
//! library's: there is no other source, and no line of it knows. Loom runs each model again and again, until it has seen
//! every interleaving, with every moment at which a timeout may pass. It reports deadlocks, and uses of a guarded value
//! that nothing keeps apart; the models assert the rest. `--nocapture` shows how many interleavings there were.
//!
//! A model that finds nothing wrong is worth something only if it finds what is wrong. So the models are tried on methods
//! that lack a step, too.

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
mod queue;
mod rlock;
mod semaphore;
mod simple_queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use model::{explore, fails};
use sync::time_passes;
use threads::broken;

/// Passes when the model says so.
const LONG: Duration = Duration::from_secs(30);

/// Starts a thread that shares something.
fn start<S: 'static, T: 'static>(shared: &Arc<S>, work: impl FnOnce(&S) -> T + 'static) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    thread::spawn(move || work(&shared))
}

/// How often each of some outcomes was seen, over all interleavings: a model that never sees one shows nothing of it.
#[derive(Clone, Default)]
struct Seen(Arc<[AtomicUsize; 2]>);

impl Seen {
    fn note(&self, outcome: bool) {
        self.0[usize::from(outcome)].fetch_add(1, Relaxed);
    }

    #[track_caller]
    fn both(&self) {
        assert!(self.0.iter().all(|times| times.load(Relaxed) > 0), "the model never sees one of the outcomes");
    }
}
