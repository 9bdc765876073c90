use crate::coroutines::Event;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::task::{block_on, spawn, yield_now};

pub fn main() {
    block_on(async {
        let (ready, start) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let (is_ready, has_started) = (Arc::clone(&ready), Arc::clone(&start));
        let runner = spawn(async move {
            is_ready.set();
            has_started.wait().await;
            println!("A runs");
        });
        ready.wait().await;
        start.set();
        yield_now().await; // A may run
        start.clear();
        runner.await.unwrap();
    });
}
