//! A function that isn't `async` awaits.

use chapters::coroutines::Queue;

fn next(queue: &Queue<u32>) -> Option<u32> {
    queue.get().await.ok()
}

fn main() {
    let queue = Queue::new(0);
    next(&queue);
}
