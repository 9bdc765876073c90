//! The global interpreter lock of CPython, and workers that take turns under it.
//!
//! [`Gil`] in `lock.rs` is the lock itself, step by step after `ceval_gil.c`. An [`interpreter`] is what a worker runs in
//! while it holds the lock, and a [`worker`] is one of the [threads' service](crate::threads::Service) with an interpreter.
//! The services know nothing of it: with `--gil=none`, a worker runs the service's own loop.

pub mod interpreter;
mod lock;
pub mod worker;

pub use lock::{Gil, GilGuard, SWITCH_INTERVAL, ThreadState, Watch};
