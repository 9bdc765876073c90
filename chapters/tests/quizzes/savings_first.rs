//! Reads the balances of two accounts in the other order, while money moves from one to the other.

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;

// ANCHOR: question
fn program() {
    let accounts = Arc::new((Mutex::new(100), Mutex::new(100)));
    let theirs = Arc::clone(&accounts);
    let customer = thread::spawn(move || {
        let mut checking = theirs.0.lock().unwrap();
        let mut savings = theirs.1.lock().unwrap();
        *checking -= 10;
        *savings += 10;
    });
    let savings = *accounts.1.lock().unwrap();
    let checking = *accounts.0.lock().unwrap();
    println!("{}", checking + savings);
    customer.join().unwrap();
}
// ANCHOR_END: question

#[test]
fn the_total_is_right_or_too_small() {
    crate::can_print(include_str!("savings_first.txt"), program);
}
