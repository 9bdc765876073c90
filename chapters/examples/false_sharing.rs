//! Measures two counters on one cache line and on two: `cargo run --release --example false_sharing`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// How many times the two placements are compared.
const ROUNDS: usize = 21;

// ANCHOR: aligned
#[repr(align(128))]
struct Aligned<T>(T);

/// The seconds that two threads need if each adds to its own counter.
fn seconds(counters: [&AtomicU64; 2]) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for counter in counters {
            scope.spawn(|| (0..5_000_000).for_each(|_| _ = counter.fetch_add(1, Relaxed)));
        }
    });
    start.elapsed().as_secs_f64()
}
// ANCHOR_END: aligned

fn main() {
    chapters::environment::prepare_example();
    let zero = || AtomicU64::new(0);
    let one_line = Aligned([zero(), zero()]);
    let two_lines = [Aligned(zero()), Aligned(zero())];
    let mut rounds: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|_| {
            let one = seconds([&one_line.0[0], &one_line.0[1]]);
            let two = seconds([&two_lines[0].0, &two_lines[1].0]);
            let same = seconds([&one_line.0[0], &one_line.0[0]]);
            [one, two, same]
        })
        .collect();
    for (at, name) in ["one cache line", "two cache lines", "the same counter"].iter().enumerate() {
        rounds.sort_by(|one, other| one[at].total_cmp(&other[at]));
        let nanoseconds = |round: usize| rounds[round][at] * 1e9 / 10_000_000.0;
        let (median, least, most) = (nanoseconds(ROUNDS / 2), nanoseconds(0), nanoseconds(ROUNDS - 1));
        println!("{name:<16}  {median:.1} ns per addition ({least:.1} to {most:.1})");
    }
    rounds.sort_by(|one, other| (one[0] / one[1]).total_cmp(&(other[0] / other[1])));
    let ratio = |round: usize| rounds[round][0] / rounds[round][1];
    println!("one line takes {:.1} times as long ({:.1} to {:.1})", ratio(ROUNDS / 2), ratio(0), ratio(ROUNDS - 1));
}
