//! A task holds the guard of a mutex at an `await`, where it can move to another thread.

use std::sync::{Arc, Mutex};

fn main() {
    let total = Arc::new(Mutex::new(0));
    start(async move {
        let mut guard = total.lock().unwrap();
        *guard += read().await;
    });
}

async fn read() -> u32 {
    1
}

fn start(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
