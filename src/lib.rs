//! The reading room: builds the book, serves it on this machine, and runs the demos from its pages.
//!
//! # Layout
//!
//! - [`book`]: where the repository is, and how mdBook builds the book.
//! - [`site`]: the built book in memory, as it is served.
//! - [`serve`]: `cargo run`: opens the room and builds the book again when a file changes.
//! - [`room`]: the HTTP server: who may send requests, and how demos are run.
//! - [`figures`] and [`record`]: the figures of the book, drawn from recorded runs.
//! - [`pages`]: the pages as text, for the tests.
//! - [`pdf`]: prints the book with Chromium.
//! - [`process`]: the environment that the program starts in.
//!
//! `src/main.rs` is the command line. The tests in `tests/` use this library too.

pub mod book;
pub mod figures;
pub mod pages;
pub mod pdf;
pub mod process;
pub mod record;
pub mod room;
pub mod serve;
pub mod site;
