//! Parks once, until the job's thread unparks the thread that waits.
//! Refused: `wait` ends while the job is running

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};

use crossbeam::channel::{self, Sender};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs. Dropping it waits until all jobs have run.
pub struct Pool {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// The place for the result of a job, and the thread that waits for it.
struct Place<T> {
    result: Option<Result<T, String>>,
    waiter: Option<Thread>,
}

/// The place for the result of a job.
pub struct Answer<T>(Arc<Mutex<Place<T>>>);

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
        let place = Arc::new(Mutex::new(Place { result: None, waiter: None }));
        let shared = Arc::clone(&place);
        let job = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
                let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
                text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default()
            });
            let mut place = shared.lock().unwrap();
            place.result = Some(result);
            place.waiter.take().iter().for_each(Thread::unpark);
        };
        if let Some(jobs) = &self.jobs {
            jobs.send(Box::new(job)).unwrap();
        }
        Answer(place)
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
        let mut place = self.0.lock().unwrap();
        if place.result.is_none() {
            place.waiter = Some(thread::current());
            drop(place);
            thread::park();
            place = self.0.lock().unwrap();
        }
        place.result.take().unwrap()
    }
}
