use crate::coroutines::Lock;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, yield_now};

pub fn main() {
    block_on(async {
        let lock = Arc::new(Lock::new());
        let guard = lock.acquire().await;
        let [first, second] = ["A", "B"].map(|name| {
            let lock = Arc::clone(&lock);
            spawn(async move {
                let _guard = lock.acquire().await;
                println!("{name} has the lock");
            })
        });
        yield_now().await; // the tasks may begin to wait
        drop(guard);
        first.abort();
        second.await.unwrap();
    });
}
