//! A thread is joined while the lock that it waits for is held.

use std::sync::Arc;

use loom::thread;

use crate::model;
use crate::threads::Lock;

// ANCHOR: question
fn program() {
    let done = Arc::new(Lock::guarding(0));
    let theirs = Arc::clone(&done);
    let worker = thread::spawn(move || *theirs.acquire() += 1);
    let mut ours = done.acquire();
    *ours += 1;
    worker.join().unwrap();
    println!("{} done", *ours);
}
// ANCHOR_END: question

#[test]
fn it_can_stand_still() {
    model::fails("deadlock", || loom::model(program));
}
