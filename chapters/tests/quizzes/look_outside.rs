//! A worker checks for a job and then waits, and another thread adds a job in between.

use std::sync::Arc;

use loom::thread;

use crate::model;
use crate::threads::{Condition, Lock};

// ANCHOR: question
fn program() {
    let shared = Arc::new((Lock::guarding(false), Condition::new()));
    let theirs = Arc::clone(&shared);
    let worker = thread::spawn(move || {
        let (ready, changed) = &*theirs;
        if !*ready.acquire() {
            drop(changed.wait(ready.acquire()));
        }
    });
    let (ready, changed) = &*shared;
    *ready.acquire() = true;
    changed.notify(1);
    worker.join().unwrap();
}
// ANCHOR_END: question

#[test]
fn it_can_stand_still() {
    model::fails("deadlock", || loom::model(program));
}

#[test]
fn it_always_ends_if_the_look_and_the_wait_are_under_one_lock() {
    loom::model(|| {
        let shared = Arc::new((Lock::guarding(false), Condition::new()));
        let theirs = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let (ready, changed) = &*theirs;
            drop(changed.wait_for(ready.acquire(), |ready| *ready));
        });
        let (ready, changed) = &*shared;
        *ready.acquire() = true;
        changed.notify(1);
        worker.join().unwrap();
    });
}
