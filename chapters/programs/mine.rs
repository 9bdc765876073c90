//! Your own program: change it, and play it with `cargo run --bin chapter-scheduler -- mine`.
//!
//! Write ordinary Rust, but take the synchronization primitives and the threads from `chapters::scheduler` instead of
//! `std`. The program should be small: two or three threads, and a dozen operations for each.

use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

/// Whether loads may see old stores, as far as their memory orderings allow.
pub const WEAK_MEMORY: bool = false;

pub fn main() {
    let total = Mutex::new(0);
    thread::scope(|scope| {
        for amount in [10, 20] {
            let total = &total;
            scope.spawn(move || {
                let mut total = total.lock().unwrap();
                *total += amount;
            });
        }
    });
    println!("total = {}", total.into_inner().unwrap());
}
