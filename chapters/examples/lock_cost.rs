//! Measures what locks cost, all in one run: `cargo run --release --example lock_cost`.
//!
//! Each row is the median of 15 rounds, with the smallest and the largest. With two threads, a row gives the time per
//! operation of both threads together. Each round measures all rows, one after another, so that a change in the
//! machine's speed affects all of them.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chapters::threads::{Lock, RLock};

const ROUNDS: usize = 15;
/// How many operations of a few nanoseconds are measured at once.
const SHORT: u32 = 300_000;
/// How many operations of a few microseconds are measured at once.
const LONG: u32 = 2_000;
/// How many keys, and how many parts, a table of counters has.
const KEYS: u64 = 1 << 10;
const SHARDS: usize = 16;

/// Measures one operation, and returns the seconds that it takes.
type Measure<'a> = Box<dyn Fn() -> f64 + 'a>;

/// The seconds per call when this many threads make `times` calls each.
fn seconds(threads: u32, times: u32, call: impl Fn(u32, u32) + Sync) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            let call = &call;
            scope.spawn(move || (0..times).for_each(|time| call(thread, time)));
        }
    });
    start.elapsed().as_secs_f64() / f64::from(threads * times)
}

/// The median time from the release of a lock to the moment when the thread that slept in `wait` has acquired it.
fn wakeup(hold: impl Fn(&mut dyn FnMut()) + Sync, wait: impl Fn() -> Instant + Sync) -> f64 {
    const TIMES: usize = 25;
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            thread::scope(|scope| {
                let (held, holds) = mpsc::channel();
                let wait = &wait;
                let waiter = scope.spawn(move || {
                    let () = holds.recv().expect("the holder holds the lock");
                    wait()
                });
                let mut released = Instant::now();
                hold(&mut || {
                    held.send(()).expect("the waiter is there");
                    thread::sleep(Duration::from_millis(2)); // long enough for the waiter to fall asleep
                    released = Instant::now();
                });
                waiter.join().expect("waiting doesn't panic").duration_since(released).as_secs_f64()
            })
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[TIMES / 2]
}

fn main() {
    chapters::environment::prepare_example();
    let (ours, rlock, std, parking_lot) =
        (Lock::guarding(0_u64), RLock::new(), Mutex::new(0_u64), parking_lot::Mutex::new(0_u64));
    let (std_rw, atomic) = (RwLock::new(0_u64), AtomicU64::new(0));
    let add_ours = |_, _| *black_box(&ours).acquire() += 1;
    let add_std = |_, _| *black_box(&std).lock().unwrap() += 1;
    let add_parking_lot = |_, _| *black_box(&parking_lot).lock() += 1;
    let read_rw = |_, _| _ = black_box(*black_box(&std_rw).read().unwrap());
    let write_rw = |_, _| *black_box(&std_rw).write().unwrap() += 1;
    let fetch_add = |_, _| _ = black_box(&atomic).fetch_add(1, Relaxed);

    let numbers: Vec<u64> = (0..20_000).collect();
    let (long_mutex, long_rw) = (Mutex::new(numbers.clone()), RwLock::new(numbers));
    let sum = |numbers: &Vec<u64>| _ = black_box(black_box(numbers).iter().sum::<u64>());

    let table = || (0..KEYS).map(|key| (key, 0)).collect::<HashMap<u64, u64>>();
    let (one, many) = (Mutex::new(table()), [(); SHARDS].map(|()| Mutex::new(table())));
    let key = |thread: u32, time: u32| u64::from(time.wrapping_mul(2_654_435_761).wrapping_add(thread)) % KEYS;
    let count = |table: &Mutex<HashMap<u64, u64>>, key| *table.lock().unwrap().get_mut(&key).unwrap() += 1;
    let count_one = |thread, time| count(&one, key(thread, time));
    let count_many = |thread, time| {
        let key = key(thread, time);
        count(&many[key as usize % SHARDS], key);
    };

    let rows: Vec<(&str, Measure)> = vec![
        ("Lock, 1 thread", Box::new(|| seconds(1, SHORT, add_ours))),
        ("Mutex, 1 thread", Box::new(|| seconds(1, SHORT, add_std))),
        ("parking_lot, 1 thread", Box::new(|| seconds(1, SHORT, add_parking_lot))),
        ("RLock twice, 1 thread", Box::new(|| seconds(1, SHORT, |_, _| drop((rlock.acquire(), rlock.acquire()))))),
        ("RwLock read, 1 thread", Box::new(|| seconds(1, SHORT, read_rw))),
        ("RwLock write, 1 thread", Box::new(|| seconds(1, SHORT, write_rw))),
        ("fetch_add, 1 thread", Box::new(|| seconds(1, SHORT, fetch_add))),
        ("Lock, 2 threads", Box::new(|| seconds(2, SHORT, add_ours))),
        ("Mutex, 2 threads", Box::new(|| seconds(2, SHORT, add_std))),
        ("parking_lot, 2 threads", Box::new(|| seconds(2, SHORT, add_parking_lot))),
        ("RwLock read, 2 threads", Box::new(|| seconds(2, SHORT, read_rw))),
        ("fetch_add, 2 threads", Box::new(|| seconds(2, SHORT, fetch_add))),
        ("long read, Mutex, 1 thread", Box::new(|| seconds(1, LONG, |_, _| sum(&long_mutex.lock().unwrap())))),
        ("long read, Mutex, 2 threads", Box::new(|| seconds(2, LONG, |_, _| sum(&long_mutex.lock().unwrap())))),
        ("long read, RwLock, 2 threads", Box::new(|| seconds(2, LONG, |_, _| sum(&long_rw.read().unwrap())))),
        ("table, 1 lock, 1 thread", Box::new(|| seconds(1, SHORT, count_one))),
        ("table, 1 lock, 2 threads", Box::new(|| seconds(2, SHORT, count_one))),
        ("table, 16 locks, 2 threads", Box::new(|| seconds(2, SHORT, count_many))),
        (
            "wakeup, Lock",
            Box::new(|| {
                let hold = |then: &mut dyn FnMut()| {
                    let _guard = ours.acquire();
                    then();
                };
                wakeup(hold, || {
                    let _guard = ours.acquire();
                    Instant::now()
                })
            }),
        ),
        (
            "wakeup, Mutex",
            Box::new(|| {
                let hold = |then: &mut dyn FnMut()| {
                    let _guard = std.lock().unwrap();
                    then();
                };
                wakeup(hold, || {
                    let _guard = std.lock().unwrap();
                    Instant::now()
                })
            }),
        ),
    ];
    let mut times = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for (times, (_, measure)) in times.iter_mut().zip(&rows) {
            times.push(measure() * 1e9);
        }
    }
    for (times, (name, _)) in times.iter_mut().zip(&rows) {
        times.sort_by(f64::total_cmp);
        println!("{name:<28}  {:9.1} ns  ({:.1} to {:.1})", times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
    }
}
