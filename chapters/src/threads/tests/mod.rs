//! Tests of properties that only the threads' primitives have, and of details that other tests can't reach.
//!
//! `tests/contract_primitives` tests the behavior that all three models share, and `tests/loom_threads` explores the
//! interleavings of a few threads. These tests aren't in the files that they test, because the models compile those a
//! second time.

mod barrier;
pub(crate) mod client;
mod condition;
mod lock;
pub(crate) mod queue;
mod semaphore;

use std::time::Duration;

use super::*;

/// A timeout that expires.
const SHORT: Duration = Duration::from_millis(1);
