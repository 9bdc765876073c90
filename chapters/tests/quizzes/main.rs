//! The questions of the book that ask what a program can print, answered by trying every order in which its threads can
//! meet.
//!
//! Beside each question stands its answer, a file with one possible output a line. Loom runs the program in every
//! interleaving, and what it printed must be what the answer says, no more and no less; the page shows both files. A
//! program can use loom's threads, the primitives of `src/threads` on loom's parts, and `println!`.

#[allow(dead_code, reason = "no question needs all of it")]
#[path = "../../src/errors.rs"]
mod errors;
#[allow(dead_code, reason = "no question needs all of it")]
#[path = "../common/model.rs"]
mod model;
#[path = "../../src/storage.rs"]
mod storage;
#[allow(dead_code, reason = "no question needs all of it")]
#[path = "../loom_threads/sync.rs"]
mod sync;
#[allow(dead_code, unused_imports, reason = "no question needs all of it")]
#[path = "../loom_threads/threads.rs"]
mod threads;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::model::Builder;

/// Passes when a program says so; `loom_threads` needs it.
const LONG: Duration = Duration::from_secs(30);

/// Prints a line, as the standard library's does: one thread at a time, and in whatever order they come.
macro_rules! println {
    ($($words:tt)*) => { $crate::OUTPUT.lock().unwrap().push(format!($($words)*)) };
}

mod join_with_the_lock;
mod last_call;
mod look_outside;
mod one_condition;
mod park_lock;
mod passed_on;
mod progress;
mod two_lines;
mod two_parties;
mod two_payments;
mod two_steps;
mod who_was_last;

loom::lazy_static! {
    static ref OUTPUT: loom::sync::Mutex<Vec<String>> = loom::sync::Mutex::new(Vec::new());
}

/// Everything that a program can print, over all interleavings, or those with at most so many preemptions: each output on a
/// line, its own lines separated by commas.
fn outputs(preemptions: Option<usize>, program: fn()) -> String {
    let outputs = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&outputs);
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        program();
        let output = OUTPUT.lock().unwrap().join(", ");
        seen.lock().unwrap().insert(output);
    });
    let outputs = outputs.lock().unwrap();
    outputs.iter().map(|output| format!("{output}\n")).collect()
}

/// Checks that a program can print what the answer says, and nothing else.
#[track_caller]
fn can_print(answer: &str, program: fn()) {
    assert_eq!(outputs(None, program), answer, "left: what it can print; right: the answer");
}

/// The same for a program with so many interleavings that those with few preemptions are enough where somebody waits.
#[track_caller]
fn can_print_within(enough: usize, answer: &str, program: fn()) {
    assert_eq!(
        outputs(model::preemptions(None, enough), program),
        answer,
        "left: what it can print; right: the answer"
    );
}
