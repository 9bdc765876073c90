//! Checks the answers to the book's questions about what a program can print.
//!
//! The question `NAME` is the program `chapters/programs/NAME.rs`, which pages let the reader play, and its answer is
//! `NAME.txt` in this folder, with one possible output per line. Here, the program is compiled on loom's threads and on
//! the primitives of `src/threads` with loom's types. Loom runs it in all interleavings, and the set of outputs must be
//! equal to the answer. `chapters/programs/tests/programs.rs` checks that the scheduler finds the same outputs.

// The programs import from `chapters`, which is this crate here.
extern crate self as chapters;

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
macro_rules! record {
    ($($words:tt)*) => { crate::OUTPUT.lock().unwrap().push(format!($($words)*)) };
}
use record;

/// The counterpart of `chapters::scheduler`.
mod scheduler {
    pub(crate) use crate::record as println;

    pub mod sync {
        pub use std::sync::Arc;

        pub use loom::sync::{Condvar, Mutex, atomic};

        /// The counterpart of the standard library's barrier, which loom lacks.
        pub struct Barrier {
            barrier: crate::threads::Barrier,
            parties: usize,
        }

        pub struct BarrierWaitResult(bool);

        impl Barrier {
            pub fn new(parties: usize) -> Self {
                Self { barrier: crate::threads::Barrier::new(parties), parties }
            }

            /// The last thread to arrive is the leader.
            pub fn wait(&self) -> BarrierWaitResult {
                BarrierWaitResult(self.barrier.wait().unwrap() + 1 == self.parties)
            }
        }

        impl BarrierWaitResult {
            pub fn is_leader(&self) -> bool {
                self.0
            }
        }
    }

    pub mod thread {
        pub use loom::thread::spawn;
    }
}

mod park_lock;

/// Declares the modules of the programs.
macro_rules! programs {
    ($($name:ident = $path:literal;)*) => { $(#[path = $path] mod $name;)* };
}

programs! {
    join_with_the_lock = "../../programs/join_with_the_lock.rs";
    last_call = "../../programs/last_call.rs";
    log_order = "../../programs/log_order.rs";
    look_outside = "../../programs/look_outside.rs";
    passed_on = "../../programs/passed_on.rs";
    passed_on_acquire = "../../programs/passed_on_acquire.rs";
    progress = "../../programs/progress.rs";
    savings_first = "../../programs/savings_first.rs";
    stop_request = "../../programs/stop_request.rs";
    two_lines = "../../programs/two_lines.rs";
    two_parties = "../../programs/two_parties.rs";
    two_payments = "../../programs/two_payments.rs";
    two_steps = "../../programs/two_steps.rs";
    who_was_last = "../../programs/who_was_last.rs";
}

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

/// Compares the outputs of programs with their answers, each in a test of its own.
macro_rules! compare {
    ($($name:ident)*) => {
        mod the_answer_is_what_loom_prints {
            $(#[test]
            fn $name() {
                let answer = include_str!(concat!(stringify!($name), ".txt"));
                super::can_print(answer, super::$name::main);
            })*

            /// This program has many interleavings.
            #[test]
            fn two_parties() {
                super::can_print_within(5, include_str!("two_parties.txt"), super::two_parties::main);
            }
        }
    };
}
compare! {
    last_call log_order passed_on passed_on_acquire progress savings_first stop_request two_lines two_payments two_steps
    who_was_last
}

mod it_can_deadlock {
    use crate::model::fails;

    #[test]
    fn join_with_the_lock() {
        fails("deadlock", || loom::model(crate::join_with_the_lock::main));
    }

    #[test]
    fn look_outside() {
        fails("deadlock", || loom::model(crate::look_outside::main));
    }
}

/// The corrections that the answers give.
mod the_correction_is_right {
    use std::sync::Arc;

    use loom::thread;

    use crate::threads::{Condition, Lock};

    #[test]
    fn a_check_and_a_wait_with_one_guard_always_end() {
        loom::model(|| {
            let shared = Arc::new((Lock::guarding(false), Condition::new()));
            let theirs = Arc::clone(&shared);
            let worker = thread::spawn(move || {
                let (ready, changed) = &*theirs;
                drop(changed.wait_for(ready.acquire(), |ready| *ready));
            });
            let (ready, changed) = &*shared;
            *ready.acquire() = true;
            changed.notify(1);
            worker.join().unwrap();
        });
    }

    #[test]
    fn no_payment_is_lost_with_one_guard() {
        crate::can_print("130\n", || {
            let balance = Arc::new(Lock::guarding(100));
            let shared = Arc::clone(&balance);
            let other = thread::spawn(move || *shared.acquire() += 10);
            *balance.acquire() += 20;
            other.join().unwrap();
            crate::scheduler::println!("{}", *balance.acquire());
        });
    }

    #[test]
    fn no_addition_is_lost_if_the_lock_is_held_over_both_steps() {
        crate::can_print("2\n", || {
            let x = Arc::new(loom::sync::Mutex::new(0));
            let add = {
                let x = Arc::clone(&x);
                move || *x.lock().unwrap() += 1
            };
            let other = thread::spawn(add.clone());
            add();
            other.join().unwrap();
            crate::scheduler::println!("{}", *x.lock().unwrap());
        });
    }
}
