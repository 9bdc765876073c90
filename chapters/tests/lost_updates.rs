//! The promises of the examples `lost_updates` and `shared_number`.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/lost_updates.rs"]
mod lost_updates;
#[allow(dead_code, reason = "the example's program is not run here")]
#[path = "../examples/shared_number.rs"]
mod shared_number;

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

#[test]
fn what_the_compiler_accepts_loses_nothing() {
    assert_eq!(shared_number::atomic(), 2);
    assert_eq!(shared_number::mutex(), 2);
}
