use crate::coroutines::Semaphore;
use crate::coroutines::broken::acquire_without_queue;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, yield_now};

pub fn main() {
    block_on(async {
        let kitchen = Arc::new(Semaphore::new(1));
        let theirs = Arc::clone(&kitchen);
        let a = spawn(async move {
            for dish in 1..=2 {
                let _place = acquire_without_queue(&theirs).await;
                println!("A cooks dish {dish}");
                yield_now().await;
            }
        });
        let b = spawn(async move {
            println!("B waits for a place");
            let _place = acquire_without_queue(&kitchen).await;
            println!("B cooks");
        });
        a.await.unwrap();
        b.await.unwrap();
    });
}
