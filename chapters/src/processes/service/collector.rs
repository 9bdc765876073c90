//! Collects the records of the worker processes, and detects when one dies.
//!
//! The collector is a thread of the service's process, started after the last fork. Python's `multiprocessing.Queue`
//! has a thread in every process that puts a result on it. Here only the service needs one, because workers write their
//! records to memory that both map.

use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::Sender;
use nix::poll::{PollFd, PollFlags, ppoll};

use super::record_ring::{RecordRing, SLOTS};
use crate::job::Job;
use crate::processes::os::start::Process;
use crate::record::{Event, Record};
use crate::trace::Trace;

/// The shortest interval at which the rings are read.
const SHORTEST: Duration = Duration::from_micros(100);
/// The longest interval, for workers that write few records.
const LONGEST: Duration = Duration::from_millis(5);

/// Returns the next interval: the time in which the fastest worker, which wrote `most` records in the last interval,
/// fills half of its ring. A worker whose ring is full has to wait, so an interval is at most twice as long as the last one:
/// a worker that wrote nothing may only have been waiting for a processor.
fn next_interval(last: Duration, most: usize) -> Duration {
    let (slots, most) = (SLOTS as u32, most as u32);
    // A full ring doesn't say how many records the worker could have written.
    if most >= slots { SHORTEST } else { (last * (slots / 2) / most.max(1)).clamp(SHORTEST, LONGEST.min(last * 2)) }
}

/// The service's view of a worker process.
#[derive(Debug)]
pub struct Watched {
    /// The records of the worker.
    pub ring: RecordRing,
    /// The process.
    pub process: Process,
    /// The state of the worker, according to its last record.
    pub last: Last,
}

/// The state of a worker, according to its last record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Last {
    /// It is alive, and isn't known to have a job.
    #[default]
    Idle,
    /// It has started this job.
    Busy(Job),
    /// It has finished.
    Finished,
}

impl Watched {
    /// Forwards the records that the worker has written after the last call, and returns their number.
    fn collect(&mut self, trace: &Trace) -> usize {
        let records = self.ring.read();
        for Record { event, .. } in &records {
            match event {
                Event::JobStarted(job) => self.last = Last::Busy(*job),
                Event::JobCompleted(_) | Event::JobFailed(_) => self.last = Last::Idle,
                Event::WorkerFinished => self.last = Last::Finished,
                _ => {}
            }
        }
        let count = records.len();
        trace.forward(self.ring.worker(), records);
        count
    }

    /// Records how the worker ended, and reaps its process. Returns whether it died, and its peak memory use, if it had
    /// time to record that.
    fn reap(mut self, trace: &Trace) -> (bool, u64) {
        self.collect(trace);
        let record_death = |job| _ = trace.worker(self.ring.worker()).record(Event::WorkerDied(job));
        match self.last {
            Last::Finished => {}
            Last::Busy(job) => record_death(Some(job)),
            Last::Idle => record_death(None),
        }
        let _ = self.process.wait();
        (self.last != Last::Finished, self.ring.peak())
    }
}

/// Starts the thread that watches `workers` until the last of them has ended. The thread holds `alive` until then,
/// calls `on_death` after each worker that died, and returns the sum of the workers' peak memory uses.
///
/// # Errors
///
/// If the system refuses to start a thread. Then the workers have been killed, because their ends would go unnoticed.
pub fn watch(
    workers: Vec<Watched>,
    trace: Trace,
    alive: Sender<Infallible>,
    on_death: impl Fn() + Send + 'static,
) -> io::Result<JoinHandle<u64>> {
    let (hand_over, handed_over) = mpsc::channel();
    let watch = move || {
        let mut workers: Vec<Watched> = handed_over.recv().unwrap_or_default();
        let (mut peak, mut interval) = (0_u64, SHORTEST);
        while !workers.is_empty() {
            let now = trace.origin().elapsed();
            let complete = workers.iter().all(|worker| worker.ring.is_complete());
            let most = workers.iter_mut().map(|worker| worker.collect(&trace)).max().unwrap_or_default();
            if complete {
                trace.complete_until(now);
            }
            interval = next_interval(interval, most);
            for index in ended(&workers, interval).into_iter().rev() {
                // The peak is a number that the worker wrote, so the sum must not overflow, whatever it is.
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
            // The thread receives them unless it has panicked, which the caller learns when it joins the thread.
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
fn ended(workers: &[Watched], timeout: Duration) -> Vec<usize> {
    let ends = workers.iter().map(|worker| PollFd::new(worker.process.as_fd(), PollFlags::POLLIN));
    let mut ends: Vec<PollFd> = ends.collect();
    // Unlike `poll`, it takes a timeout of less than a millisecond.
    match ppoll(&mut ends, Some(timeout.into()), None) {
        Ok(1..) => (0..workers.len()).filter(|&index| ends[index].any().unwrap_or(true)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rings_are_read_before_the_fastest_worker_fills_its_own() {
        let millisecond = Duration::from_millis(1);
        assert_eq!(next_interval(millisecond, SLOTS as usize / 4), 2 * millisecond);
        assert_eq!(next_interval(millisecond, SLOTS as usize / 2), millisecond);
        assert_eq!(next_interval(millisecond, SLOTS as usize), SHORTEST);
        assert_eq!(next_interval(SHORTEST, 0), 2 * SHORTEST);
        assert_eq!(next_interval(LONGEST, 0), LONGEST);
        assert_eq!(next_interval(LONGEST, usize::from(u16::MAX)), SHORTEST);
    }
}
