//! The promises of the GIL, with real threads and real time. `loom_gil` explores all interleavings of its steps.
//!
//! A thread that needs another one to have done something passes checkpoints until it has, or releases the lock and waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chapters::gil::{Gil, GilGuard, Watch};

/// An interval that is over at once.
const SHORT: Duration = Duration::from_micros(1);
/// An interval that is never over.
const NEVER: Duration = Duration::from_secs(3600);

/// Passes checkpoints until `done`.
fn work_until<W: Watch>(guard: &mut GilGuard<'_, W>, done: impl Fn() -> bool) {
    while !done() {
        guard.checkpoint();
    }
}

#[test]
fn without_a_request_a_checkpoint_keeps_the_lock() {
    let gil = Gil::new(NEVER);
    let mut thread = gil.attach();
    let mut guard = thread.take();
    let (waiting, waits) = mpsc::channel();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut thread = gil.attach();
            waiting.send(()).unwrap();
            drop(thread.take());
        });
        waits.recv().unwrap();
        for _ in 0..100_000 {
            guard.checkpoint();
            assert_eq!(gil.switches(), 1);
        }
        drop(guard);
        waiter.join().unwrap();
    });
    assert_eq!(gil.switches(), 2);
}

/// Notes down whose turns begin.
struct Turns<'a>(char, &'a Mutex<String>);

impl Watch for Turns<'_> {
    fn acquired(&self) {
        self.1.lock().unwrap().push(self.0);
    }
    fn released(&self) {
        self.1.lock().unwrap().push('.');
    }
}

#[test]
fn a_thread_that_drops_the_lock_on_request_gets_it_after_another_one() {
    for interval in [Duration::ZERO, SHORT] {
        let gil = Gil::new(interval);
        let turns = Mutex::new(String::new());
        thread::scope(|scope| {
            for name in ['a', 'b'] {
                let (gil, turns) = (&gil, &turns);
                scope.spawn(move || {
                    let mut thread = gil.attach_watched(Turns(name, turns));
                    let mut guard = thread.take();
                    work_until(&mut guard, || gil.switches() > 200);
                });
            }
        });
        let turns = turns.into_inner().unwrap();
        assert!(!turns.contains("a.a") && !turns.contains("b.b"), "two turns in a row: {turns}");
        assert!(turns.starts_with("a.b.a.b.") || turns.starts_with("b.a.b.a."), "not taking turns: {turns}");
    }
}

#[test]
fn a_blocking_call_lets_others_in() {
    let gil = Gil::new(NEVER);
    let mut thread = gil.attach();
    let mut guard = thread.take();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut thread = gil.attach();
            let _guard = thread.take();
            "was here"
        });
        assert_eq!(guard.allow_threads(|| other.join().unwrap()), "was here");
    });
    assert_eq!(gil.switches(), 3);
}

#[test]
fn only_a_change_of_holder_is_a_switch() {
    let gil = Gil::default();
    assert_eq!(gil.switches(), 0);
    let (mut one, mut two) = (gil.attach(), gil.attach());
    for _ in 0..3 {
        drop(one.take());
    }
    assert_eq!(gil.switches(), 1);
    drop(two.take());
    drop(one.take());
    assert_eq!(gil.switches(), 3);
}

#[test]
fn a_panic_gives_the_lock_back() {
    let gil = Gil::default();
    let mut thread = gil.attach();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = thread.take();
        panic!("while holding the lock");
    }));
    assert!(panicked.is_err());
    drop(gil.attach().take());
}

#[test]
fn a_panic_in_a_blocking_call_finds_the_lock_held() {
    let gil = Gil::default();
    let turns = Mutex::new(String::new());
    let mut thread = gil.attach_watched(Turns('a', &turns));
    let mut guard = thread.take();
    let panicked = catch_unwind(AssertUnwindSafe(|| guard.allow_threads(|| panic!("while others may run"))));
    assert!(panicked.is_err());
    assert_eq!(*turns.lock().unwrap(), "a.a");
    drop(guard);
    assert_eq!(*turns.lock().unwrap(), "a.a.");
    drop(gil.attach().take());
}
