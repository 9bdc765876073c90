//! What the example of the same name shows, as promises.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

#[allow(dead_code, reason = "the program of the example is not run here")]
#[path = "../examples/lost_updates.rs"]
mod lost_updates;

use lost_updates::{add, add_locked, race};

#[test]
fn an_interpreter_lock_does_not_make_an_addition_safe() {
    let x = AtomicU64::new(0);
    let additions = race(1000, |guard| add(&x, guard));
    assert!(x.into_inner() < additions, "no update was lost");
}

#[test]
fn a_lock_does() {
    let x = Mutex::new(0);
    let additions = race(1000, |guard| add_locked(&x, guard));
    assert_eq!(x.into_inner().unwrap(), additions);
}
