use crate::coroutines::Queue;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, yield_now};

pub fn main() {
    block_on(async {
        let queue = Arc::new(Queue::<u32>::new(1));
        let [first, second] = ["A", "B"].map(|name| {
            let queue = Arc::clone(&queue);
            spawn(async move {
                let item = queue.get().await.unwrap();
                println!("{name} has taken {item}");
            })
        });
        yield_now().await; // the tasks may begin to wait
        queue.put(42).await.unwrap();
        first.abort();
        second.await.unwrap();
    });
}
