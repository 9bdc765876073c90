//! What the locks of this crate are made of: the standard library's parts.
//!
//! A module that takes its parts from here can be compiled a second time with other parts of the same names. The models
//! in `tests/loom_gil.rs` do that: they hand it loom's, which try every order in which threads can meet.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
