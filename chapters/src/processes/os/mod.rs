//! The parts that processes need from Linux.
//!
//! The primitives and the queues under `processes` are built on these modules and make no system call of their own:
//! [`shared`] memory, the [`futex`] on which waiting processes sleep, the [`holder`] of a lock and whether it is still
//! alive, a [`connection`] that carries open files, and the ways to [`start`] a process.

pub mod connection;
pub mod futex;
pub mod holder;
pub mod shared;
pub mod start;
