//! Watches the worker processes: passes on what they say, and finds out when one dies.
//!
//! A thread of the service's process, started once there is nothing left to fork. Python's `multiprocessing.Queue` for
//! results has such a thread in every process that puts something on it; here only the service has one, since what a
//! worker says lies in memory that both have.

use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::Sender;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::record_ring::Journal;
use crate::job::Job;
use crate::processes::os::start::Process;
use crate::record::{Event, Record};
use crate::trace::{Recorder, Trace};

/// How often the journals are read, in milliseconds, while the workers have much to say.
const BUSY: u8 = 1;
/// The same, while they have not.
const QUIET: u8 = 5;
/// How many records at a time are much.
const MUCH: usize = 64;

/// A worker process, as the service sees it.
#[derive(Debug)]
pub struct Watched {
    /// What it says.
    pub journal: Journal,
    /// The process.
    pub process: Process,
    /// Speaks for the worker when it cannot any more.
    pub trace: Recorder,
    /// What it was last heard of.
    pub last: Last,
}

/// What a worker was last heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Last {
    /// It lives, and has no job that we know of.
    #[default]
    Idle,
    /// It has begun this job.
    Busy(Job),
    /// It has finished.
    Finished,
}

impl Watched {
    /// Passes on what the worker has said since the last time, and says how much that was.
    // ANCHOR: collect
    fn collect(&mut self, trace: &Trace) -> usize {
        let records = self.journal.read();
        for Record { event, .. } in &records {
            match event {
                Event::JobStarted(job) => self.last = Last::Busy(*job),
                Event::JobCompleted(_) => self.last = Last::Idle,
                Event::WorkerFinished => self.last = Last::Finished,
                _ => {}
            }
        }
        let count = records.len();
        trace.forward(self.journal.worker(), records);
        count
    }
    // ANCHOR_END: collect

    /// Says how the worker ended, and waits for its process. Returns whether it died, and the peak of its memory, if it
    /// had time to note it.
    fn reap(mut self, trace: &Trace) -> (bool, u64) {
        self.collect(trace);
        match self.last {
            Last::Finished => {}
            Last::Busy(job) => _ = self.trace.record(Event::WorkerDied(Some(job))),
            Last::Idle => _ = self.trace.record(Event::WorkerDied(None)),
        }
        let _ = self.process.wait();
        (self.last != Last::Finished, self.journal.peak())
    }
}

/// Starts the thread that watches `workers` until the last of them has ended. It holds `alive` as long, calls `on_death`
/// after each worker that died, and returns the peaks of their memory, summed up.
///
/// # Errors
///
/// When the system refuses a thread. Then the workers have been killed: nobody would learn how they end.
pub fn watch(
    workers: Vec<Watched>,
    trace: Trace,
    alive: Sender<Infallible>,
    on_death: impl Fn() + Send + 'static,
) -> io::Result<JoinHandle<u64>> {
    let (hand_over, handed_over) = mpsc::channel();
    let watch = move || {
        let mut workers: Vec<Watched> = handed_over.recv().unwrap_or_default();
        let mut peak = 0_u64;
        while !workers.is_empty() {
            let now = trace.origin().elapsed();
            let complete = workers.iter().all(|worker| worker.journal.is_complete());
            let news: usize = workers.iter_mut().map(|worker| worker.collect(&trace)).sum();
            if complete {
                trace.complete_until(now);
            }
            let timeout = if news >= MUCH { BUSY } else { QUIET };
            for index in ended(&workers, timeout.into()).into_iter().rev() {
                // No number that a worker has written is trusted.
                let (died, its_peak) = workers.swap_remove(index).reap(&trace);
                peak = peak.saturating_add(its_peak);
                if died {
                    on_death();
                }
            }
        }
        trace.complete_until(Duration::MAX);
        drop(alive);
        peak
    };
    match thread::Builder::new().name("collector".to_owned()).spawn(watch) {
        Ok(collector) => {
            // The thread receives them unless it has panicked, and the caller finds that out when it joins it.
            let _ = hand_over.send(workers);
            Ok(collector)
        }
        Err(error) => {
            end(workers);
            Err(io::Error::new(error.kind(), format!("cannot start the collector: {error}")))
        }
    }
}

/// Kills `workers`, and waits until the last of them has ended.
pub fn end(workers: Vec<Watched>) {
    workers.iter().for_each(|worker| worker.process.kill());
    workers.into_iter().for_each(|worker| _ = worker.process.wait());
}

/// Waits for at most `timeout`, and returns the indices of the workers that have ended by then, in ascending order.
fn ended(workers: &[Watched], timeout: PollTimeout) -> Vec<usize> {
    let ends = workers.iter().map(|worker| PollFd::new(worker.process.as_fd(), PollFlags::POLLIN));
    let mut ends: Vec<PollFd> = ends.collect();
    match poll(&mut ends, timeout) {
        Ok(1..) => (0..workers.len()).filter(|&index| ends[index].any().unwrap_or(true)).collect(),
        _ => Vec::new(),
    }
}
