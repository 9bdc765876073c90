//! One service, three ways: the code of the book *Threads, Processes, Coroutines*.
//!
//! The service has a queue of randomly sized jobs and a few workers that take jobs from it until the service stops.
//! It is built three times, in code that's so similar that the differences stand out. Read the modules in this
//! order:
//!
//! 1. The work: [`job`], with sizes drawn by [`random`], and the [`echo`] server to which jobs can send requests.
//! 2. The reports: [`record`], plain data that [`tally`] counts and [`trace`] carries.
//! 3. The parts that all services share: [`service`], and [`usage`] and [`memory`], which measure CPU time and memory.
//! 4. The primitives, the queues, and the service itself, in three models: [`threads`], [`processes`], [`coroutines`].
//!    The models share [`errors`] and [`storage`].
//! 5. The lock that Python's threads take turns holding: [`gil`], which follows CPython's step by step.
//! 6. The programs of the services: [`options`], every [`view`] of the records, and [`demo`], with
//!    [`environment`] before it and Ctrl-C from [`interrupt`]. One of them runs the service in CPython, with the
//!    reader's interpreter, which [`python`] finds.
//! 7. The programs that show one primitive or one queue at work on a small task: [`demos`].
//! 8. Measured comparisons: [`measure::models`] runs the same work under every model, [`measure::gil`] the same threads
//!    with and without the lock. [`statistics`] says how far to trust the figures.
//!
//! A package of its own, `machines`, builds the service a fourth time, past one machine. It uses the parts of this one.
//!
//! Data runs one way, and so do the imports: jobs, records, trace, service; and on top of these, options, views, demos.
//! A service never prints, and a view never reaches back.

pub mod echo;
pub mod job;
pub mod random;
pub mod statistics;

pub mod record;
pub mod tally;
pub mod trace;

pub mod memory;
pub mod service;
pub mod usage;

pub mod scheduler;

pub mod errors;
pub mod storage;
mod sync;

pub mod threads;

#[cfg(target_os = "linux")]
pub mod processes;

pub mod coroutines;

pub mod gil;

pub mod demo;
pub mod environment;
pub mod interrupt;
pub mod options;
pub mod python;
pub mod view;

pub mod demos;
pub mod measure;
