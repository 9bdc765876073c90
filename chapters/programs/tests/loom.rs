//! The endings that the scheduler finds are those that [loom](https://docs.rs/loom) finds.
//!
//! The sources of the programs are compiled a second time here, on loom's primitives, and on the book's primitives with
//! loom's types. loom tries all schedules as well, under the C++ memory model, but merges them in another way and doesn't
//! count them. It stops at a deadlock, lacks timeouts, gives up on spin loops, and treats `SeqCst` as `AcqRel`, so the
//! programs that need these aren't here.

use std::collections::BTreeSet;
use std::env;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::model::Builder;
use programs::chapters::scheduler::{Graph, Program, explore};

// The programs import from `chapters`, which is this crate here.
extern crate self as chapters;

#[allow(dead_code, reason = "the programs use a part of it")]
#[path = "../../src/errors.rs"]
mod errors;
#[path = "../../src/storage.rs"]
mod storage;
#[allow(dead_code, reason = "the programs use a part of it")]
#[path = "../../tests/loom_threads/sync.rs"]
mod sync;
#[allow(dead_code, unused_imports, reason = "the programs use a part of it")]
#[path = "../../tests/loom_threads/threads.rs"]
mod threads;

/// A timeout, which no program here has; `loom_threads` needs it.
const LONG: Duration = Duration::from_secs(30);

/// The counterpart of `chapters::scheduler`.
mod scheduler {
    pub(crate) use crate::record as println;

    pub mod sync {
        pub use std::sync::Arc;

        pub use loom::sync::{Mutex, atomic};

        /// The counterpart of the standard library's barrier, which loom lacks.
        pub struct Barrier(crate::threads::Barrier);

        pub struct BarrierWaitResult(bool);

        impl Barrier {
            pub fn new(parties: usize) -> Self {
                Self(crate::threads::Barrier::new(parties))
            }

            /// The last thread to arrive is the leader.
            pub fn wait(&self) -> BarrierWaitResult {
                BarrierWaitResult(self.0.wait().unwrap() + 1 == self.0.parties())
            }
        }

        impl BarrierWaitResult {
            pub fn is_leader(&self) -> bool {
                self.0
            }
        }
    }

    pub mod thread {
        use std::cell::RefCell;
        use std::marker::PhantomData;
        use std::mem;
        use std::rc::Rc;
        use std::sync::{Arc, Mutex};

        pub use loom::thread::spawn;

        type Handle = Rc<RefCell<Option<loom::thread::JoinHandle<()>>>>;

        fn join(handle: &Handle) {
            let handle = handle.borrow_mut().take();
            if let Some(handle) = handle {
                handle.join().unwrap();
            }
        }

        /// The counterpart of `std::thread::Scope`, which loom lacks.
        pub struct Scope<'scope, 'env: 'scope> {
            handles: RefCell<Vec<Handle>>,
            scope: PhantomData<&'scope mut &'scope ()>,
            env: PhantomData<&'env mut &'env ()>,
        }

        pub struct ScopedJoinHandle<T> {
            handle: Handle,
            result: Arc<Mutex<Option<T>>>,
        }

        pub fn scope<'env, T>(body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T) -> T {
            let scope = Scope { handles: RefCell::default(), scope: PhantomData, env: PhantomData };
            let result = body(&scope);
            let handles = scope.handles.take();
            handles.iter().for_each(join);
            result
        }

        impl<'scope> Scope<'scope, '_> {
            pub fn spawn<T: 'scope>(&'scope self, body: impl FnOnce() -> T + 'scope) -> ScopedJoinHandle<T> {
                let result = Arc::new(Mutex::new(None));
                let theirs = Arc::clone(&result);
                let run: Box<dyn FnOnce() + 'scope> = Box::new(move || *theirs.lock().unwrap() = Some(body()));
                // SAFETY: the thread is joined at the end of the scope.
                let run: Box<dyn FnOnce()> = unsafe { mem::transmute(run) };
                let handle: Handle = Rc::new(RefCell::new(Some(loom::thread::spawn(run))));
                self.handles.borrow_mut().push(Rc::clone(&handle));
                ScopedJoinHandle { handle, result }
            }
        }

        impl<T> ScopedJoinHandle<T> {
            pub fn join(self) -> std::thread::Result<T> {
                join(&self.handle);
                Ok(self.result.lock().unwrap().take().expect("the thread has stored its result"))
            }
        }
    }
}

loom::lazy_static! {
    /// The lines that the program has printed.
    static ref OUTPUT: loom::sync::Mutex<Vec<String>> = loom::sync::Mutex::new(Vec::new());
}

/// The counterpart of `println!`: one thread at a time prints a line.
macro_rules! record {
    ($($argument:tt)*) => { crate::OUTPUT.lock().unwrap().push(format!($($argument)*)) };
}
use record;

/// All that a program can print, according to loom.
fn outputs(preemptions: Option<usize>, main: fn()) -> BTreeSet<Vec<String>> {
    let outputs = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&outputs);
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        main();
        seen.lock().unwrap().insert(std::mem::take(&mut *OUTPUT.lock().unwrap()));
    });
    let outputs = outputs.lock().unwrap();
    outputs.clone()
}

/// All that a program can print, according to the scheduler.
fn outputs_of(graph: &Graph) -> BTreeSet<Vec<String>> {
    graph.endings.iter().map(|ending| ending.output.clone()).collect()
}

/// The outputs as they are compared. The two threads of `lazy_init` do the same, but loom finds the old value for only
/// one of them, so it doesn't matter there which of them prints what.
fn comparable<'a>(name: &str, outputs: &'a BTreeSet<Vec<String>>) -> BTreeSet<Vec<&'a str>> {
    let words = |output: &'a Vec<String>| {
        let mut words: Vec<&str> = output.iter().flat_map(|line| line.split(' ')).collect();
        if name == "lazy_init" {
            words.sort_unstable();
        }
        words
    };
    outputs.iter().map(words).collect()
}

fn compare(name: &str, main: fn()) {
    // The barrier has many interleavings.
    let preemptions = (name == "two_parties" && env::var_os("CI").is_none()).then_some(5);
    let program: &Program = programs::ALL.iter().find(|program| program.name == name).expect("there is such a program");
    let graph = explore(program, program.options, usize::MAX).expect("it can be explored");
    let (ours, looms) = (outputs_of(&graph), outputs(preemptions, main));
    assert_eq!(comparable(name, &looms), comparable(name, &ours));
    assert!(looms.is_subset(&ours));
}

/// Compares the outputs of programs, each in a test of its own.
macro_rules! compare {
    ($($name:ident = $path:literal;)*) => {
        $(#[path = $path] mod $name;)*

        mod the_endings_are_looms_for {
            $(
                #[test]
                fn $name() {
                    super::compare(stringify!($name), super::$name::main);
                }
            )*
        }
    };
}

compare! {
    audit = "../audit.rs";
    audit_fixed = "../audit_fixed.rs";
    check_then_act = "../check_then_act.rs";
    check_then_act_fixed = "../check_then_act_fixed.rs";
    last_call = "../last_call.rs";
    lazy_init = "../lazy_init.rs";
    lazy_init_fixed = "../lazy_init_fixed.rs";
    log_order = "../log_order.rs";
    lost_update = "../lost_update.rs";
    lost_update_fixed = "../lost_update_fixed.rs";
    message_passing = "../message_passing.rs";
    message_passing_fixed = "../message_passing_fixed.rs";
    passed_on = "../passed_on.rs";
    passed_on_acquire = "../passed_on_acquire.rs";
    progress = "../progress.rs";
    savings_first = "../savings_first.rs";
    stop_request = "../stop_request.rs";
    store_buffering = "../store_buffering.rs";
    try_lock_livelock_fixed = "../try_lock_livelock_fixed.rs";
    two_lines = "../two_lines.rs";
    two_locks_fixed = "../two_locks_fixed.rs";
    two_parties = "../two_parties.rs";
    two_payments = "../two_payments.rs";
    two_steps = "../two_steps.rs";
    unlock_too_early = "../unlock_too_early.rs";
    unlock_too_early_fixed = "../unlock_too_early_fixed.rs";
    who_was_last = "../who_was_last.rs";
}
