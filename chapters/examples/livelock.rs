//! Two threads that avoid a deadlock by backing off, and collide again: `cargo run --release --example livelock`.
//!
//! Each thread moves money between two accounts, in opposite directions. It locks the account that it takes from, works
//! for a moment, and tries to lock the other one. If that fails, it unlocks the first and starts over: at once, or
//! after a random pause.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;

/// How many transfers each of the two threads wants to make.
const TRANSFERS: u32 = 300;
/// How long a transfer holds its first lock before it tries the second.
const WORK: Duration = Duration::from_micros(50);
/// After this time, the threads stop trying.
const LIMIT: Duration = Duration::from_secs(5);

// ANCHOR: transfer
/// Makes one transfer, unless it's still trying when `stop` returns true. Counts its attempts.
fn transfer(from: &Mutex<i64>, to: &Mutex<i64>, attempts: &AtomicU32, pause: fn(), stop: impl Fn() -> bool) -> bool {
    while !stop() {
        attempts.fetch_add(1, Relaxed);
        let mut source = from.lock().unwrap();
        thread::sleep(WORK);
        if let Ok(mut target) = to.try_lock() {
            *source -= 1;
            *target += 1;
            return true;
        }
        drop(source); // let the other thread have it
        pause();
    }
    false
}

/// A pause of random length, up to 400 µs.
fn back_off() {
    thread::sleep(Duration::from_micros(rand::rng().random_range(0..400)));
}
// ANCHOR_END: transfer

fn race(name: &str, pause: fn()) {
    let (one, two, attempts) = (Mutex::new(100), Mutex::new(100), AtomicU32::new(0));
    let start = Instant::now();
    let stop = || start.elapsed() > LIMIT;
    let made: usize = thread::scope(|scope| {
        let ways = [(&one, &two), (&two, &one)].map(|(from, to)| {
            let attempts = &attempts;
            scope.spawn(move || (0..TRANSFERS).filter(|_| transfer(from, to, attempts, pause, stop)).count())
        });
        ways.into_iter().map(|way| way.join().expect("no transfer panics")).sum()
    });
    let (seconds, attempts) = (start.elapsed().as_secs_f64(), attempts.into_inner());
    println!("{name:<18}  {made} of {} transfers, {attempts} attempts, {seconds:.2} s", 2 * TRANSFERS);
}

fn main() {
    chapters::environment::prepare_example();
    race("at once", || {});
    race("after a pause", back_off);
}
