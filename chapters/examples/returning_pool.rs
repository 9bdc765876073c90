//! A thread pool whose jobs return results: each job sends its own through a channel with room for one value.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

// ANCHOR: submit
type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    queue: Option<Sender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    fn submit<T, F>(&self, function: F) -> Receiver<thread::Result<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        let job = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(function));
            let _ = sender.send(result);
        };
        self.queue.as_ref().unwrap().send(Box::new(job)).unwrap();
        receiver
    }
}
// ANCHOR_END: submit

// ANCHOR: new
impl Pool {
    fn new(size: usize) -> Pool {
        let (queue, jobs) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut workers = Vec::new();
        for _ in 0..size {
            let jobs = Arc::clone(&jobs);
            workers.push(thread::spawn(move || work(&jobs)));
        }
        Pool { queue: Some(queue), workers }
    }
}
// ANCHOR_END: new

// ANCHOR: work
fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap().recv();
        let Ok(job) = next else { return };
        job();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.queue.take());
        for worker in self.workers.drain(..) {
            worker.join().unwrap();
        }
    }
}
// ANCHOR_END: work

fn download(number: u64) -> Result<u64, String> {
    match number {
        3 => Err(format!("download {number}: connection reset")),
        7 => panic!("download {number}: a bug"),
        _ => Ok(number),
    }
}

fn main() {
    // Panics are expected, so their messages aren't printed.
    panic::set_hook(Box::new(|_| ()));
    // ANCHOR: main
    let pool = Pool::new(4);
    let results: Vec<_> = (1..=12).map(|number| pool.submit(move || download(number))).collect();
    let mut finished = 0;
    for result in results {
        match result.recv().unwrap() {
            Ok(Ok(_)) => finished += 1,
            Ok(Err(error)) => println!("{error}"),
            Err(_) => println!("a download panicked"),
        }
    }
    println!("{finished} finished");
    // ANCHOR_END: main
}
