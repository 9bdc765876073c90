//! Two threads add to one number, in two ways that the compiler accepts: `cargo run --example shared_number`.
//!
//! `tests/ui/shared_number.rs` is a version that the compiler rejects.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

fn main() {
    chapters::environment::prepare_example();
    println!("an atomic number: {}", atomic());
    println!("a number in a mutex: {}", mutex());
}

// ANCHOR: atomic
/// Reads, adds, and writes in one step.
pub fn atomic() -> u64 {
    let x = AtomicU64::new(0);
    both(|| _ = x.fetch_add(1, Relaxed), || _ = x.fetch_add(1, Relaxed));
    x.into_inner()
}
// ANCHOR_END: atomic

// ANCHOR: mutex
/// Reads, adds, and writes while the lock keeps the other thread out.
pub fn mutex() -> u64 {
    let x = Mutex::new(0);
    both(|| *x.lock().unwrap() += 1, || *x.lock().unwrap() += 1);
    x.into_inner().unwrap()
}
// ANCHOR_END: mutex

fn both(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(other);
    });
}
