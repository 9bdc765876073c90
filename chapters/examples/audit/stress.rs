//! Searches for a wrong total by trying often, in four ways, and counts how often each of them finds one.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::on_std::Accounts;

/// The pause that makes the bug frequent.
const PAUSE: Duration = Duration::from_millis(1);

pub fn main(rounds: usize) {
    let print = |way: &str, wrong: usize, rounds: usize| println!("{way:<33} {wrong:>6} of {rounds}");
    print("two new threads", (0..rounds).filter(|_| new_threads() != 200).count(), rounds);
    print("two new threads and a barrier", (0..rounds).filter(|_| barrier(|| ()) != 200).count(), rounds);
    print("two threads in loops", loops(rounds * 10), rounds * 10);
    let pause = || thread::sleep(PAUSE);
    print("a barrier, and a pause of 1 ms", (0..rounds / 100).filter(|_| barrier(pause) != 200).count(), rounds / 100);
}

fn new_threads() -> u32 {
    let accounts = Accounts::of(100);
    thread::scope(|scope| {
        scope.spawn(|| accounts.save(10));
        scope.spawn(|| accounts.total()).join().expect("an audit doesn't panic")
    })
}

fn barrier(between: impl FnOnce() + Send) -> u32 {
    let (accounts, start) = (Accounts::of(100), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            accounts.save(10);
        });
        let auditor = scope.spawn(|| {
            start.wait();
            accounts.total_slowly(between)
        });
        auditor.join().expect("an audit doesn't panic")
    })
}

// ANCHOR: loops
fn loops(audits: usize) -> usize {
    let (accounts, done) = (Accounts::of(1 << 30), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                accounts.save(1);
            }
        });
        let wrong = (0..audits).filter(|_| accounts.total() != 2 << 30).count();
        done.store(true, Relaxed);
        wrong
    })
}
// ANCHOR_END: loops
