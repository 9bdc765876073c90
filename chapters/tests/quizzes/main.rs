//! Checks the answers to the book's questions about what a program can print.
//!
//! The answer to `name.rs` is in `name.txt`, with one possible output per line, and pages include both files. Loom runs
//! the program in all interleavings, and the set of outputs must be equal to the answer. A program can use loom's
//! threads, the primitives of `src/threads` compiled with loom's types, and `println!`.

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

/// A timeout that expires when a program calls `time_passes`; `loom_threads` needs it.
const LONG: Duration = Duration::from_secs(30);

/// Prints a line: like the standard library's macro, one thread at a time.
macro_rules! println {
    ($($words:tt)*) => { $crate::OUTPUT.lock().unwrap().push(format!($($words)*)) };
}

mod join_with_the_lock;
mod last_call;
mod log_order;
mod look_outside;
mod one_condition;
mod park_lock;
mod passed_on;
mod progress;
mod savings_first;
mod stop_request;
mod two_lines;
mod two_parties;
mod two_payments;
mod two_steps;
mod who_was_last;

loom::lazy_static! {
    static ref OUTPUT: loom::sync::Mutex<Vec<String>> = loom::sync::Mutex::new(Vec::new());
}

/// Returns all outputs of a program over all interleavings, or over those with at most `preemptions`: one output per
/// line, in which commas separate the lines that the program printed.
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

/// Checks that the outputs of a program are those in the answer.
#[track_caller]
fn can_print(answer: &str, program: fn()) {
    assert_eq!(outputs(None, program), answer, "left: what it can print; right: the answer");
}

/// Like [`can_print`], for a program with many interleavings. Outside of CI, at most `enough` preemptions are explored.
#[track_caller]
fn can_print_within(enough: usize, answer: &str, program: fn()) {
    assert_eq!(
        outputs(model::preemptions(None, enough), program),
        answer,
        "left: what it can print; right: the answer"
    );
}
