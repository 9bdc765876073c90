//! Model checks of the GIL: small programs of two or three threads, explored in all interleavings.
//!
//! These tests compile `src/gil/lock.rs` a second time, with types from [loom](https://docs.rs/loom) in place of the
//! standard library's. Loom runs each model once for each interleaving, including each outdated value that a relaxed
//! load may return. It reports deadlocks and threads that spin forever, and the models assert the rest. With
//! `--nocapture`, each test prints the number of interleavings.
//!
//! The module `without` checks that the models find mistakes: it runs them on mutants of the lock (`broken.rs`), in
//! which one step is missing.

mod broken;
#[allow(dead_code, reason = "the models use the steps, and few of the guards around them")]
#[path = "../../src/gil/lock.rs"]
mod gil;
#[path = "../common/model.rs"]
mod model;
mod sync;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize as Number;
use loom::thread;

use broken::{LeftOut, Thread};
use gil::Gil;
use model::{explore, fails};

/// A GIL, and a number that threads read and write in two steps while they hold it.
#[derive(Clone)]
struct Shared {
    gil: Arc<Gil>,
    number: Arc<Number>,
    left_out: LeftOut,
}

impl Shared {
    fn new(left_out: LeftOut) -> Self {
        Self { gil: Arc::new(Gil::new(Duration::ZERO)), number: Arc::new(Number::new(0)), left_out }
    }

    /// Returns the thread with a number, which counts from 1.
    fn thread(&self, me: u64) -> Thread<'_> {
        Thread { gil: &self.gil, me, left_out: self.left_out }
    }

    /// Adds one in two steps. Without the lock, another thread could run in between.
    fn add_one(&self) {
        self.number.store(self.number.load(Relaxed) + 1, Relaxed);
    }

    /// Starts another thread, which takes the lock, adds one, and releases the lock.
    fn start_another(&self, me: u64) -> thread::JoinHandle<()> {
        let shared = self.clone();
        thread::spawn(move || {
            let thread = shared.thread(me);
            thread.take();
            shared.add_one();
            thread.release();
        })
    }

    /// Runs with the lock held while switch intervals pass, until `done` returns true.
    fn work_until(&self, mut done: impl FnMut() -> bool) {
        while !done() {
            self.gil.released.interval_passes();
            thread::yield_now();
        }
    }
}

/// Each thread takes the lock once. No two hold it at a time, each sees what the previous one wrote, and none waits
/// forever.
fn threads_hold_the_lock_in_turn(threads: u64, left_out: LeftOut) {
    let preemptions = if threads > 2 { Some(3) } else { None };
    explore(&format!("{threads} threads, {left_out:?} left out"), preemptions, move || {
        let shared = Shared::new(left_out);
        let others: Vec<_> = (2..=threads).map(|me| shared.start_another(me)).collect();
        shared.thread(1).take();
        shared.gil.released.interval_passes();
        shared.add_one();
        shared.thread(1).release();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(shared.number.load(Relaxed), threads as usize, "two at a time");
    });
}

/// A thread that never releases the lock on its own gets a drop request, and the other thread takes the lock.
fn a_request_reaches_the_holder(left_out: LeftOut) {
    explore(&format!("a request, {left_out:?} left out"), None, move || {
        let shared = Shared::new(left_out);
        shared.thread(1).take();
        let other = shared.start_another(2);
        shared.work_until(|| shared.gil.drop_request.load(Relaxed));
        shared.thread(1).release();
        other.join().unwrap();
        shared.thread(1).take();
        shared.thread(1).release();
        assert_eq!(shared.gil.switches(), 3);
    });
}

/// A thread that drops the lock on request and takes it again gets it after the thread that made the request.
fn giving_way_switches(left_out: LeftOut) {
    explore(&format!("giving way, {left_out:?} left out"), None, move || {
        let shared = Shared::new(left_out);
        shared.thread(1).take();
        let other = shared.start_another(2);
        shared.work_until(|| shared.gil.drop_request.load(Relaxed));
        let before = shared.gil.switches();
        shared.thread(1).release();
        shared.thread(1).take();
        assert_eq!(shared.gil.switches(), before + 2, "no other thread came in between");
        shared.thread(1).release();
        other.join().unwrap();
    });
}

/// The same with a third thread. The order is open, but another thread gets the lock first.
#[test]
#[ignore = "long: run by .ci/run"]
fn a_forced_switch_switches_among_three() {
    explore("giving way among three", 2, || {
        let shared = Shared::new(LeftOut::Nothing);
        shared.thread(1).take();
        let others = [2, 3].map(|me| shared.start_another(me));
        shared.work_until(|| shared.gil.drop_request.load(Relaxed));
        let before = shared.gil.switches();
        shared.thread(1).release();
        shared.thread(1).take();
        assert!(shared.gil.switches() >= before + 2, "no other thread came in between");
        shared.thread(1).release();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(shared.number.load(Relaxed), 2);
    });
}

#[test]
fn two_threads_hold_the_lock_in_turn() {
    threads_hold_the_lock_in_turn(2, LeftOut::Nothing);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn three_threads_hold_the_lock_in_turn() {
    threads_hold_the_lock_in_turn(3, LeftOut::Nothing);
}

#[test]
fn no_request_is_lost() {
    a_request_reaches_the_holder(LeftOut::Nothing);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_forced_switch_switches() {
    giving_way_switches(LeftOut::Nothing);
}

/// The guards take and release the lock at the right places: a checkpoint drops it on request, and a blocking call lets
/// the other thread run.
#[test]
#[ignore = "long: run by .ci/run"]
fn guards_take_turns() {
    explore("guards", 4, || {
        let shared = Shared::new(LeftOut::Nothing);
        let mut thread = shared.gil.attach();
        let mut guard = thread.take();
        let other = shared.start_another(2);
        shared.work_until(|| {
            guard.checkpoint();
            shared.gil.switches() == 3
        });
        let third = shared.start_another(3);
        guard.allow_threads(|| third.join().unwrap());
        shared.add_one();
        drop(guard);
        other.join().unwrap();
        assert_eq!((shared.number.load(Relaxed), shared.gil.switches()), (3, 5));
    });
}

/// A waiter whose interval ends after a switch doesn't send a request to the new holder.
#[test]
fn a_timeout_after_a_switch_requests_nothing() {
    explore("a late timeout", None, || {
        let shared = Shared::new(LeftOut::Nothing);
        let waiting_since = shared.gil.switches();
        shared.thread(1).take();
        shared.gil.request_drop(&shared.gil.state.lock().unwrap(), waiting_since);
        assert!(!shared.gil.drop_request.load(Relaxed));
        shared.gil.request_drop(&shared.gil.state.lock().unwrap(), waiting_since + 1);
        assert!(shared.gil.drop_request.load(Relaxed));
    });
}

/// The models with mutants of the lock.
mod without {
    use super::*;

    #[test]
    fn the_signal_a_waiter_sleeps_forever() {
        fails("deadlock", || threads_hold_the_lock_in_turn(2, LeftOut::Signal));
    }

    #[test]
    fn checking_again_two_threads_hold_the_lock() {
        fails("two at a time", || threads_hold_the_lock_in_turn(2, LeftOut::Recheck));
    }

    #[test]
    fn the_request_the_holder_never_drops_the_lock() {
        fails("exceeded maximum number of branches", || a_request_reaches_the_holder(LeftOut::Request));
    }

    #[test]
    fn clearing_the_request_a_holder_waits_for_no_thread() {
        fails("deadlock", || a_request_reaches_the_holder(LeftOut::Clearing));
    }

    #[test]
    fn the_forced_switch_the_same_thread_goes_on() {
        fails("no other thread came in between", || giving_way_switches(LeftOut::ForcedSwitch));
    }

    #[test]
    fn keeping_the_request_nothing_forces_the_switch() {
        fails("no other thread came in between", || giving_way_switches(LeftOut::KeepingTheRequest));
    }

    #[test]
    fn the_switch_signal_a_releaser_sleeps_forever() {
        fails("deadlock", || giving_way_switches(LeftOut::SwitchSignal));
    }
}
