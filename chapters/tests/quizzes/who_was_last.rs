//! Two workers finish the last two jobs. Which of them reports that its job was the last one?

use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::SeqCst;
use loom::thread;

// ANCHOR: question
fn program() {
    let left = Arc::new(AtomicUsize::new(2));
    let theirs = Arc::clone(&left);
    let worker = thread::spawn(move || finish(&theirs));
    finish(&left);
    worker.join().unwrap();
}

/// Reports a finished job, which was the last one if none is left.
fn finish(left: &AtomicUsize) {
    left.fetch_sub(1, SeqCst);
    if left.load(SeqCst) == 0 {
        println!("the last one");
    }
}
// ANCHOR_END: question

#[test]
fn one_of_them_or_both() {
    crate::can_print(include_str!("who_was_last.txt"), program);
}
