//! A function is put on a queue to another process.

use chapters::processes::Queue;
use serde::Serialize;
use serde::de::DeserializeOwned;

struct Job {
    work: fn() -> u32,
}

fn add(queue: &Queue<Job>) {
    put(queue, Job { work: || 1 });
}

fn put<T: Serialize + DeserializeOwned>(queue: &Queue<T>, item: T) {
    queue.put(item).unwrap();
}

fn main() {}
