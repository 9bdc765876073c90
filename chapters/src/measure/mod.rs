//! Measured comparisons: each runs the same work in several ways, in turns, and prints a table, JSON or a chart.
//!
//! [`models`] compares threads, processes and coroutines (the program `chapter-choosing`), [`gil`] the threads with one
//! GIL, with one for each worker, and with none (the program `chapter-gil`).

pub mod gil;
pub mod models;
