//! Logs the result of an atomic operation after the operation, so the lines may be in the wrong order.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use loom::thread;

// ANCHOR: question
fn program() {
    let seats = Arc::new(AtomicU32::new(2));
    let theirs = Arc::clone(&seats);
    let other = thread::spawn(move || book(&theirs));
    book(&seats);
    other.join().unwrap();
}

fn book(seats: &AtomicU32) {
    let left = seats.fetch_sub(1, SeqCst) - 1;
    println!("{left} left");
}
// ANCHOR_END: question

#[test]
fn the_lines_may_be_in_either_order() {
    crate::can_print(include_str!("log_order.txt"), program);
}
