//! A fast producer, a slow consumer, and a queue between them, bounded or unbounded: `cargo run --example no_bound`.

use std::thread;
use std::time::{Duration, Instant};

use chapters::threads::Queue;
use chapters::usage;

/// The number of items.
const ITEMS: usize = 1_000;
/// The length of each item, in bytes.
const LENGTH: usize = 1 << 14;

fn main() {
    chapters::environment::prepare_example();
    // The peak memory of a process never falls, so the smaller case runs before the larger.
    for (name, maxsize) in [("room for 8", 8), ("no bound", 0)] {
        let (put, waited) = pass_on(name, maxsize);
        let peak = usage::peak_rss() as f64 / f64::from(1 << 20);
        println!("{name:<10}  all items put after {put:.3} s, the last item waited {waited:.3} s, peak {peak:.1} MiB");
    }
}

// ANCHOR: pass_on
/// Puts all items as fast as the queue takes them. Returns how long that took, and the delay of the last item.
fn pass_on(name: &str, maxsize: usize) -> (f64, f64) {
    let queue = Queue::new(maxsize);
    thread::scope(|scope| {
        let consumer = scope.spawn(|| consume(&queue));
        let start = Instant::now();
        for number in 1..=ITEMS {
            queue.put((Instant::now(), vec![1; LENGTH])).expect("the queue is open");
            if number % (ITEMS / 4) == 0 {
                println!("{name:<10}  {number:>4} put, {:>4} waiting", queue.len());
            }
        }
        let put = start.elapsed().as_secs_f64();
        queue.shutdown(false);
        (put, consumer.join().expect("the consumer doesn't panic"))
    })
}
// ANCHOR_END: pass_on

/// Takes items, and needs a millisecond for each. Returns the delay of the last item.
fn consume(queue: &Queue<(Instant, Vec<u8>)>) -> f64 {
    let mut waited = Duration::ZERO;
    while let Ok((put, _content)) = queue.get() {
        waited = put.elapsed();
        thread::sleep(Duration::from_millis(1));
    }
    waited.as_secs_f64()
}
