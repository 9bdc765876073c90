//! The endings that the scheduler finds are those that [loom](https://docs.rs/loom) finds.
//!
//! The sources of the programs are compiled a second time here, on loom's primitives. loom tries all schedules as well,
//! under the C++ memory model, but merges them in another way and doesn't count them. It stops at a deadlock, lacks
//! barriers and timeouts, gives up on spin loops, and treats `SeqCst` as `AcqRel`, so the programs that need these
//! aren't here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use programs::chapters::scheduler::{Graph, explore};

// The programs import from `chapters`, which is this crate here.
extern crate self as chapters;

/// The counterpart of `chapters::scheduler`.
mod scheduler {
    pub(crate) use crate::record as println;

    pub mod sync {
        pub use loom::sync::{Mutex, atomic};
    }

    pub mod thread {
        use std::cell::RefCell;
        use std::marker::PhantomData;
        use std::mem;
        use std::rc::Rc;
        use std::sync::{Arc, Mutex};

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

thread_local! {
    /// The lines that the program has printed. loom runs all threads of a program on one thread.
    static OUTPUT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The counterpart of `println!`.
macro_rules! record {
    ($($argument:tt)*) => { crate::record_line(format!($($argument)*)) };
}
use record;

fn record_line(line: String) {
    OUTPUT.with_borrow_mut(|output| output.push(line));
}

/// All that a program can print, according to loom.
fn outputs(main: fn()) -> BTreeSet<Vec<String>> {
    let outputs = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&outputs);
    loom::model(move || {
        OUTPUT.take();
        main();
        seen.lock().unwrap().insert(OUTPUT.take());
    });
    let outputs = outputs.lock().unwrap();
    outputs.clone()
}

#[path = "../audit.rs"]
mod audit;
#[path = "../audit_fixed.rs"]
mod audit_fixed;
#[path = "../check_then_act.rs"]
mod check_then_act;
#[path = "../check_then_act_fixed.rs"]
mod check_then_act_fixed;
#[path = "../lazy_init.rs"]
mod lazy_init;
#[path = "../lazy_init_fixed.rs"]
mod lazy_init_fixed;
#[path = "../lost_update.rs"]
mod lost_update;
#[path = "../lost_update_fixed.rs"]
mod lost_update_fixed;
#[path = "../message_passing.rs"]
mod message_passing;
#[path = "../message_passing_fixed.rs"]
mod message_passing_fixed;
#[path = "../store_buffering.rs"]
mod store_buffering;
#[path = "../try_lock_livelock_fixed.rs"]
mod try_lock_livelock_fixed;
#[path = "../two_locks_fixed.rs"]
mod two_locks_fixed;
#[path = "../unlock_too_early.rs"]
mod unlock_too_early;
#[path = "../unlock_too_early_fixed.rs"]
mod unlock_too_early_fixed;

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

/// Compares the outputs of programs, each in a test of its own.
macro_rules! compare {
    ($($name:ident),*) => {
        mod the_endings_are_looms_for {
            $(
                #[test]
                fn $name() {
                    let find = |program: &&programs::chapters::scheduler::Program| program.name == stringify!($name);
                    let program = programs::ALL.iter().find(find).expect("there is such a program");
                    let graph = super::explore(program, program.options, usize::MAX).expect("it can be explored");
                    let ours = super::outputs_of(&graph);
                    let looms = super::outputs(super::$name::main);
                    let comparable = |outputs| super::comparable(stringify!($name), outputs);
                    assert_eq!(comparable(&looms), comparable(&ours));
                    assert!(looms.is_subset(&ours));
                }
            )*
        }
    };
}

compare! {
    lost_update, lost_update_fixed, check_then_act, check_then_act_fixed, two_locks_fixed, unlock_too_early,
    unlock_too_early_fixed, try_lock_livelock_fixed, lazy_init, lazy_init_fixed, message_passing,
    message_passing_fixed, store_buffering, audit, audit_fixed
}
