//! The cost of a thousand threads that only wait: `cargo run --release --example many_threads`.
//!
//! `many_threads.py`, beside this file, does the same in Python.

use std::convert::Infallible;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel;

/// The number of threads.
const THREADS: u32 = 1000;

fn main() {
    chapters::environment::prepare_example();
    let reserved = memory("VmSize:");
    let in_use = memory("VmRSS:");
    let (begun, all) = channel::unbounded();
    let (end, wait) = channel::bounded::<Infallible>(0);
    let start = Instant::now();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (begun, wait) = (begun.clone(), wait.clone());
            thread::spawn(move || {
                begun.send(()).expect("somebody counts");
                wait.recv().expect_err("nothing is ever sent")
            })
        })
        .collect();
    all.iter().take(THREADS as usize).for_each(drop);
    let started = start.elapsed();
    let (reserved, in_use) = (memory("VmSize:") - reserved, memory("VmRSS:") - in_use);
    let start = Instant::now();
    drop(end);
    threads.into_iter().for_each(|thread| _ = thread.join().expect("no thread panics"));
    println!("to start one  {:>9.1} µs", micros(started));
    println!("to end one    {:>9.1} µs", micros(start.elapsed()));
    println!("reserved      {:>9.1} KiB", reserved / f64::from(THREADS));
    println!("in use        {:>9.1} KiB", in_use / f64::from(THREADS));
}

fn micros(all: Duration) -> f64 {
    all.as_secs_f64() * 1e6 / f64::from(THREADS)
}

/// The memory of this process, in KiB: `VmSize` is its address space, `VmRSS` its resident memory. Zero outside Linux.
fn memory(what: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0.0)
}
