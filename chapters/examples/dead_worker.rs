//! A worker ends between `get` and `task_done`, among threads and among processes: `cargo run --example dead_worker`.
//!
//! A control run, in which every item is a number, shows that `join` returns if the worker doesn't end early.

use std::io;
use std::num::ParseIntError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use chapters::environment;
use chapters::threads::Queue;

fn main() -> io::Result<()> {
    environment::prepare_example();
    let runs = [["1", "2", "3"], ["1", "2", "three"]];
    // Start with the processes, while this process has only one thread.
    #[cfg(target_os = "linux")]
    runs.into_iter().try_for_each(processes)?;
    runs.into_iter().for_each(threads);
    Ok(())
}

// ANCHOR: work
/// Adds up the items on the queue, and marks each one as done.
fn work(queue: &Queue<String>) -> Result<u64, ParseIntError> {
    let mut sum = 0;
    while let Ok(item) = queue.get() {
        sum += item.parse::<u64>()?;
        queue.task_done().expect("the item was taken");
    }
    Ok(sum)
}
// ANCHOR_END: work

fn threads(items: [&str; 3]) {
    let queue = Arc::new(Queue::new(0));
    for item in items {
        queue.put(item.to_owned()).expect("the queue is open");
    }
    let (working, joining, (joined, returned)) = (Arc::clone(&queue), Arc::clone(&queue), mpsc::channel());
    let worker = thread::spawn(move || work(&working));
    // `join` may block forever, so it runs in a thread that the program doesn't wait for.
    thread::spawn(move || {
        joining.join();
        joined.send(())
    });
    if items.iter().all(|item| item.parse::<u64>().is_ok()) {
        returned.recv().expect("join returns");
        return println!("threads, {items:?}: join returned");
    }
    let error = worker.join().expect("the worker doesn't panic").expect_err("`three` isn't a number");
    println!("threads, {items:?}: the worker ended: {error}");
    match returned.recv_timeout(Duration::from_secs(1)) {
        Ok(()) => println!("threads, {items:?}: join returned"),
        Err(_) => println!("threads, {items:?}: a second later, join is still waiting"),
    }
}

#[cfg(target_os = "linux")]
fn processes(items: [&str; 3]) -> io::Result<()> {
    use chapters::processes::{Queue, shared::Shared, start::fork};

    let memory = Arc::new(Shared::new(Queue::<String>::WORDS)?);
    let queue: Queue<String> = Queue::new(&memory, 0)?;
    for item in items {
        queue.put(item.to_owned()).expect("the queue is open");
    }
    // The same work in a process that ends while it has the item that isn't a number.
    let worker = fork::start(|| {
        while let Ok(item) = queue.get() {
            let Ok(_number) = item.parse::<u64>() else { return };
            queue.task_done().expect("the item was taken");
        }
    })?;
    queue.join();
    println!("processes, {items:?}: join returned, lost: {}", queue.lost());
    queue.shutdown(false);
    worker.wait()?;
    Ok(())
}
