use crate::coroutines::Barrier;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, timeout};
use std::time::Duration;

pub fn main() {
    block_on(async {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let a = spawn(async move {
            while timeout(Duration::from_secs(1), theirs.wait()).await.is_err() {
                println!("A tries again");
            }
            println!("A passes");
        });
        let b = spawn(async move {
            barrier.wait().await.unwrap();
            println!("B passes");
        });
        a.await.unwrap();
        b.await.unwrap();
    });
}
