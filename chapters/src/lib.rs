//! One service, three ways: the code of the book *Threads, Processes, Coroutines*.
//!
//! The service has a queue of randomly sized jobs and a few workers that take jobs from it until the service stops.
//! It is built three times, in an order and in words so alike that the differences show. Read the modules in this
//! order:
//!
//! 1. What there is to do: [`job`], its sizes drawn by [`random`], as asked for by [`options`].
//! 2. What happened: [`trace`], a stream of records, and every [`view`] of it.
//! 3. The lock that Python's threads take turns under: [`gil`], step by step after CPython's.
//! 4. The primitives, the queues, and the service itself, in three worlds: [`threads`], [`processes`], [`coroutines`].
//!    What they share: [`errors`] and [`storage`].
//! 5. What makes a program of it: [`demo`], with Ctrl-C from [`interrupt`] and the machine's bill from [`usage`].
//! 6. The programs that show one primitive or one queue at work on a small task: [`demos`].
//! 7. Measured comparisons: [`measure::models`] runs the same work under every model, [`measure::gil`] the same threads
//!    with and without the lock.
//!
//! Data runs one way: options, jobs, service, records, views. A service never prints, and a view never reaches back.

pub mod job;
pub mod random;

pub mod options;

pub mod trace;
pub mod view;

pub mod gil;
mod sync;

pub mod errors;
pub mod storage;

pub mod threads;

#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(not(target_os = "linux"))]
#[path = "processes/unsupported.rs"]
pub mod processes;

pub mod coroutines;

pub mod demo;
pub mod demos;
pub mod interrupt;
pub mod measure;
pub mod usage;
