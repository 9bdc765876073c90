//! A worker ends between `get` and `task_done`, among threads and among processes: `cargo run --example dead_worker`.

use std::io;
use std::num::ParseIntError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use chapters::environment;
use chapters::threads::Queue;

fn main() -> io::Result<()> {
    environment::prepare_example();
    #[cfg(target_os = "linux")]
    processes()?; // first, while this one has one thread
    threads();
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

fn threads() {
    let queue = Arc::new(Queue::new(0));
    for item in ["1", "2", "three"] {
        queue.put(item.to_owned()).expect("it is not shut down yet");
    }
    let (working, joining, (joined, returned)) = (Arc::clone(&queue), Arc::clone(&queue), mpsc::channel());
    let worker = thread::spawn(move || work(&working));
    // It never ends, and does not keep the program from ending.
    thread::spawn(move || {
        joining.join();
        joined.send(())
    });
    let error = worker.join().expect("it does not panic").expect_err("three is no number");
    println!("threads: the worker has ended: {error}");
    match returned.recv_timeout(Duration::from_secs(1)) {
        Ok(()) => println!("threads: join has returned"),
        Err(_) => println!("threads: a second later, join still waits"),
    }
}

#[cfg(target_os = "linux")]
fn processes() -> io::Result<()> {
    use chapters::processes::{Queue, shared::Shared, start::fork};

    let memory = Arc::new(Shared::new(Queue::<String>::WORDS)?);
    let queue: Queue<String> = Queue::new(&memory, 0)?;
    for item in ["1", "2", "three"] {
        queue.put(item.to_owned()).expect("it is not shut down yet");
    }
    // The same work, by a process that ends with the item in hand.
    fork::start(|| {
        while let Ok(item) = queue.get() {
            let Ok(_number) = item.parse::<u64>() else { return };
            queue.task_done().expect("it was taken");
        }
    })?;
    queue.join();
    println!("processes: join has returned, and {} task is lost", queue.lost());
    Ok(())
}
