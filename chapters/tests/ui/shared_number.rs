//! Two threads add to the same number.

use std::thread;

fn main() {
    let mut x = 0;
    both(|| x += 1, || x += 1);
    println!("{x}");
}

fn both(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(one);
        scope.spawn(other);
    });
}
