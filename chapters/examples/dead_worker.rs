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
    // First, while this process has one thread.
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
        queue.task_done().expect("it was taken");
    }
    Ok(sum)
}
// ANCHOR_END: work

fn threads(items: [&str; 3]) {
    let queue = Arc::new(Queue::new(0));
    for item in items {
        queue.put(item.to_owned()).expect("it is not shut down yet");
    }
    let (working, joining, (joined, returned)) = (Arc::clone(&queue), Arc::clone(&queue), mpsc::channel());
    let worker = thread::spawn(move || work(&working));
    // If `join` doesn't return, this thread still doesn't keep the program from ending.
    thread::spawn(move || {
        joining.join();
        joined.send(())
    });
    if items.iter().all(|item| item.parse::<u64>().is_ok()) {
        returned.recv().expect("join returns");
        return println!("threads, {items:?}: join has returned");
    }
    let error = worker.join().expect("it does not panic").expect_err("three is no number");
    println!("threads, {items:?}: the worker has ended: {error}");
    match returned.recv_timeout(Duration::from_secs(1)) {
        Ok(()) => println!("threads, {items:?}: join has returned"),
        Err(_) => println!("threads, {items:?}: a second later, join still waits"),
    }
}

#[cfg(target_os = "linux")]
fn processes(items: [&str; 3]) -> io::Result<()> {
    use chapters::processes::{Queue, shared::Shared, start::fork};

    let memory = Arc::new(Shared::new(Queue::<String>::WORDS)?);
    let queue: Queue<String> = Queue::new(&memory, 0)?;
    for item in items {
        queue.put(item.to_owned()).expect("it is not shut down yet");
    }
    // The same work, by a process that ends with the item that isn't a number in hand.
    let worker = fork::start(|| {
        while let Ok(item) = queue.get() {
            let Ok(_number) = item.parse::<u64>() else { return };
            queue.task_done().expect("it was taken");
        }
    })?;
    queue.join();
    println!("processes, {items:?}: join has returned, lost: {}", queue.lost());
    queue.shutdown(false);
    worker.wait()?;
    Ok(())
}
