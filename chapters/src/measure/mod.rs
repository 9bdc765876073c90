//! Measured comparisons: each program runs the same work in several ways, alternating between them, and prints a table,
//! JSON or a chart.
//!
//! [`models`] compares threads, processes and coroutines (the program `chapter-choosing`). [`gil`] compares threads
//! with one GIL, with a GIL for each worker, and without a GIL (the program `chapter-gil`). [`weigh`] starts a program and
//! measures the memory of its idle workers.

pub mod gil;
pub mod models;
pub mod weigh;
