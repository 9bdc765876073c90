//! Counts what two cores see of each other's stores: `cargo run --release --example reordering`.
//!
//! Each round uses fresh variables, and both threads begin it at the same moment: a thread announces the number of its
//! round and waits until the other one has announced the same.

use std::sync::Barrier;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::{hint, thread};

/// How many rounds an experiment has, and how many of them share one array of variables.
const ROUNDS: usize = 5_000_000;
const BATCH: usize = 10_000;
/// After polling this often, a thread assumes that the other one isn't running, and yields.
const POLLS: u32 = 10_000;

/// The variables of one round, each on cache lines of its own, and the values that the two threads saw.
#[derive(Default)]
struct Round {
    x: Line<AtomicU32>,
    y: Line<AtomicU32>,
    seen: [Line<AtomicU32>; 2],
}

#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// The operations of one thread in a round. Returns the value that the thread saw.
type Action = fn(&Round) -> u32;

/// Has two threads carry out one action each, and counts the rounds in which both saw what `counts` accepts.
fn experiment(actions: [Action; 2], counts: fn([u32; 2]) -> bool) -> usize {
    let rounds: Vec<Round> = (0..BATCH).map(|_| Round::default()).collect();
    let (announced, barrier) = ([const { Line(AtomicUsize::new(0)) }; 2], Barrier::new(2));
    let run = |me: usize| {
        let mut found = 0;
        for batch in 0..ROUNDS / BATCH {
            for (round, number) in rounds.iter().zip(batch * BATCH + 1..) {
                announced[me].0.store(number, Release);
                let mut polls = 0;
                while announced[1 - me].0.load(Acquire) < number {
                    polls += 1;
                    if polls % POLLS == 0 { thread::yield_now() } else { hint::spin_loop() }
                }
                round.seen[me].0.store(actions[me](round), Relaxed);
            }
            barrier.wait();
            if me == 0 {
                for round in &rounds {
                    found += usize::from(counts([0, 1].map(|it| round.seen[it].0.load(Relaxed))));
                    round.x.0.store(0, Relaxed);
                    round.y.0.store(0, Relaxed);
                }
            }
            barrier.wait();
        }
        found
    };
    thread::scope(|scope| {
        scope.spawn(|| run(1));
        run(0)
    })
}

/// Stores 1 in one variable and loads the other.
fn store_then_load<const ME: u32>(round: &Round, [store, load]: [Ordering; 2]) -> u32 {
    let (mine, other) = if ME == 0 { (&round.x, &round.y) } else { (&round.y, &round.x) };
    mine.0.store(1, store);
    other.0.load(load)
}

/// Stores the data and then the flag.
fn publish(round: &Round) -> u32 {
    round.x.0.store(42, Relaxed);
    round.y.0.store(1, Relaxed);
    0
}

/// Loads the flag and then the data. Returns 1 for a flag with its data, and 2 for a flag with old data.
fn read(round: &Round) -> u32 {
    match (round.y.0.load(Relaxed), round.x.0.load(Relaxed)) {
        (0, _) => 0,
        (_, 42) => 1,
        _ => 2,
    }
}

fn main() {
    chapters::environment::prepare_example();
    let say = |what: &str, count: usize| {
        println!("{what:<48} {count:>8} of {ROUNDS} rounds, {:.1} %", 100.0 * count as f64 / ROUNDS as f64);
    };
    say("published with Relaxed, the flag was seen:", experiment([publish, read], |[_, seen]| seen > 0));
    say("published with Relaxed, old data was seen:", experiment([publish, read], |[_, seen]| seen == 2));
    let relaxed: [Action; 2] =
        [|round| store_then_load::<0>(round, [Relaxed; 2]), |round| store_then_load::<1>(round, [Relaxed; 2])];
    let acquire_release: [Action; 2] = [
        |round| store_then_load::<0>(round, [Release, Acquire]),
        |round| store_then_load::<1>(round, [Release, Acquire]),
    ];
    let seq_cst: [Action; 2] =
        [|round| store_then_load::<0>(round, [SeqCst; 2]), |round| store_then_load::<1>(round, [SeqCst; 2])];
    let both_saw_0 = |seen: [u32; 2]| seen == [0, 0];
    say("stored and loaded with Relaxed, both saw 0:", experiment(relaxed, both_saw_0));
    say("the same with Release and Acquire:", experiment(acquire_release, both_saw_0));
    say("the same with SeqCst:", experiment(seq_cst, both_saw_0));
}
