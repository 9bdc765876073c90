//! A job has failed, and its sibling is asked to stop. How much does the sibling still do?

use std::sync::Arc;

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::SeqCst;
use loom::thread;

// ANCHOR: question
fn program() {
    let canceled = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&canceled);
    let sibling = thread::spawn(move || {
        let mut done = 0;
        while done < 2 && !theirs.load(SeqCst) {
            done += 1; // does a part of its job
        }
        done
    });
    canceled.store(true, SeqCst); // our own job has failed
    println!("{} parts done", sibling.join().unwrap());
}
// ANCHOR_END: question

#[test]
fn it_stops_anywhere_or_not_at_all() {
    crate::can_print(include_str!("stop_request.txt"), program);
}
