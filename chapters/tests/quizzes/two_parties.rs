//! Which order does a barrier guarantee?

use std::sync::Arc;

use loom::thread;

use crate::threads::Barrier;

// ANCHOR: question
fn program() {
    let barrier = Arc::new(Barrier::new(2));
    let theirs = Arc::clone(&barrier);
    let other = thread::spawn(move || party("b", &theirs));
    party("a", &barrier);
    other.join().unwrap();
}

fn party(name: &str, barrier: &Barrier) {
    println!("{name} comes");
    let before_me = barrier.wait().unwrap();
    println!("{name} was number {before_me}");
}
// ANCHOR_END: question

#[test]
fn all_come_before_anybody_goes() {
    crate::can_print_within(5, include_str!("two_parties.txt"), program);
}
