use crate::coroutines::Barrier;
use crate::coroutines::broken::wait_staying_counted;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, timeout};
use std::time::Duration;

pub fn main() {
    block_on(async {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let a = spawn(async move {
            while timeout(Duration::from_secs(1), wait_staying_counted(&theirs)).await.is_err() {
                println!("A tries again");
            }
            println!("A passes");
        });
        let b = spawn(async move {
            wait_staying_counted(&barrier).await.unwrap();
            println!("B passes");
        });
        a.await.unwrap();
        b.await.unwrap();
    });
}
