//! Happens-before passes from thread to thread, unless one of them breaks the chain.

use std::sync::Arc;

use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread;

#[derive(Default)]
// ANCHOR: question
struct Shared {
    data: AtomicU32,
    written: AtomicBool,
    passed_on: AtomicBool,
}

fn program(ordering: Ordering) {
    let shared = Arc::new(Shared::default());
    let (one, two) = (Arc::clone(&shared), Arc::clone(&shared));
    let a = thread::spawn(move || {
        one.data.store(42, Relaxed);
        one.written.store(true, Release);
    });
    let b = thread::spawn(move || {
        if two.written.load(ordering) {
            two.passed_on.store(true, Release);
        }
    });
    if shared.passed_on.load(Acquire) {
        println!("{}", shared.data.load(Relaxed));
    }
    a.join().unwrap();
    b.join().unwrap();
}
// ANCHOR_END: question

#[test]
fn a_relaxed_load_in_the_middle_breaks_the_chain() {
    crate::can_print(include_str!("passed_on.txt"), || program(Relaxed));
}

#[test]
fn with_acquire_in_the_middle_the_chain_holds() {
    crate::can_print("\n42\n", || program(Acquire));
}
