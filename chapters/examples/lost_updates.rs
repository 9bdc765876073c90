//! Two threads add to one number under one interpreter lock, and additions are lost: `cargo run --example lost_updates`.
//!
//! `lost_updates.py`, beside this file, does the same in Python.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use chapters::gil::{Gil, GilGuard};

/// The least number of additions per thread.
const ADDITIONS: u64 = 5_000_000;

fn main() {
    chapters::environment::prepare_example();
    let x = AtomicU64::new(0);
    report("without a lock", || race(ADDITIONS, |guard| add(&x, guard)), || x.load(Relaxed));
    let x = Mutex::new(0);
    report("with a lock", || race(ADDITIONS, |guard| add_locked(&x, guard)), || *x.lock().unwrap());
}

fn report(how: &str, race: impl FnOnce() -> u64, sum: impl FnOnce() -> u64) {
    let start = Instant::now();
    let additions = race();
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / additions as f64;
    let sum = sum();
    let lost = additions - sum;
    println!("{how:<14}  {additions} additions, x is {sum}: {lost} lost, {nanoseconds:.1} ns each");
}

/// Adds one to `x` in two steps, and another thread may have a turn between them.
pub fn add(x: &AtomicU64, guard: &mut GilGuard<'_>) {
    let old = x.load(Relaxed);
    guard.checkpoint();
    x.store(old + 1, Relaxed);
}

/// Adds one to `x` in the same two steps, with `x` locked. Another thread may run in between, but can't reach `x`.
pub fn add_locked(x: &Mutex<u64>, guard: &mut GilGuard<'_>) {
    let mut x = acquire(x, guard);
    let old = *x;
    guard.checkpoint();
    *x = old + 1;
}

/// Locks `mutex`, and releases the GIL while it waits: the holder of `mutex` needs the GIL in order to unlock it.
fn acquire<'a>(mutex: &'a Mutex<u64>, guard: &mut GilGuard<'_>) -> MutexGuard<'a, u64> {
    mutex.try_lock().unwrap_or_else(|_| guard.allow_threads(|| mutex.lock()).unwrap())
}

/// Calls `add` in two threads, at least `additions` times in each, until both have been interrupted. Returns the number of
/// calls.
pub fn race(additions: u64, add: impl Fn(&mut GilGuard<'_>) + Sync) -> u64 {
    const BACK_AND_FORTH: u64 = 4;
    let gil = Gil::default();
    let work = || {
        let mut thread = gil.attach();
        let mut guard = thread.take();
        let mut done = 0;
        while done < additions || gil.switches() < BACK_AND_FORTH {
            add(&mut guard);
            done += 1;
        }
        done
    };
    thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().map(|thread| thread.join().expect("no addition panics")).sum()
    })
}
