//! A reader may miss a store, but it never goes back to an older one.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::thread;

// ANCHOR: question
fn program() {
    let progress = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&progress);
    let writer = thread::spawn(move || {
        shared.store(1, Relaxed);
        shared.store(2, Relaxed);
    });
    let first = progress.load(Relaxed);
    let second = progress.load(Relaxed);
    println!("{first} {second}");
    writer.join().unwrap();
}
// ANCHOR_END: question

#[test]
fn a_reader_never_goes_back() {
    crate::can_print(include_str!("progress.txt"), program);
}
