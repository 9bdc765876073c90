//! Two threads share a `Cell`, which one can change while the other reads it.

use std::cell::Cell;
use std::thread;

fn main() {
    let done = Cell::new(0);
    both(|| done.set(done.get() + 1), || done.set(done.get() + 1));
    println!("{}", done.get());
}

fn both(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(other);
    });
}
