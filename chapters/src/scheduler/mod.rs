//! You are the scheduler: real programs whose next step the reader decides.
//!
//! A program that takes its synchronization primitives from [`sync`] and its threads from [`thread`] stops before every
//! operation. The reader sees the current line and the next operation of each thread, and why a thread is blocked, and
//! then schedules one of the threads. The explorer tries every schedule, counts the endings, and finds the shortest
//! schedule to each.
//!
//! - [`Program`] is a program with a goal for the reader, and [`Ending`] says how an execution of it has ended.
//! - [`Execution`] is one execution, step by step. A [`State`] is the display between two steps.
//! - [`explore()`] makes a [`Graph`] of all states, and [`recording`] writes it down for the pages of the book.
//! - [`command`] is the program `chapter-scheduler`, [`play`] its display on a terminal, and [`live`] its protocol for
//!   the reading room.
//!
//! [loom](https://docs.rs/loom) and [shuttle](https://docs.rs/shuttle) are what a working engineer uses to test
//! concurrent code. Both search for a failure. They don't stop before each operation with everything on display, which
//! is the only purpose of this module.

pub mod command;
pub mod explore;
pub mod hint;
pub mod live;
pub mod play;
pub mod recording;
pub mod sync;
pub mod task;
pub mod thread;

mod choice;
mod engine;
mod place;
mod program;
mod state;
mod world;

pub use engine::{Execution, Stuck};
pub use explore::{Graph, explore};
pub use place::{Place, Source, Stack};
pub use program::{Ending, EndingKind, Program};
pub use state::{Cursor, State, Value, Wait};
pub use world::{Choice, ObjectId, Options, ThreadId};

/// Prints a line, as a step: see [`std::println`]. The lines are part of the state, and aren't written anywhere else.
#[macro_export]
#[doc(hidden)]
macro_rules! scheduler_println {
    ($($argument:tt)*) => {
        $crate::scheduler::print_line(::std::format!($($argument)*))
    };
}

pub use crate::scheduler_println as println;

#[doc(hidden)]
#[track_caller]
pub fn print_line(line: String) {
    let detail = format!("{line:?}");
    let is_task = engine::quietly(|world, thread| world.threads[thread].task.is_some());
    if is_task {
        // A task isn't interrupted while it's being polled.
        return engine::quietly(|world, _| world.output.push(line));
    }
    engine::step(world::Op::Print, detail, |world, _, _| world.output.push(line));
}
