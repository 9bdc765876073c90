//! The channel that carries the records of a service from its workers to the views.
//!
//! A service reports everything through a [`Recorder`] and prints nothing; the views read the [`Records`]. The two
//! sides never wait for each other. A recorder writes into a buffer in memory, and the reader empties all buffers every
//! few milliseconds, so a slow reader costs memory but doesn't slow the workers down. If a run prints only its summary,
//! the recorders [count](counted) the records instead.

use std::array;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;

use crate::record::{Event, Record, WorkerId};
use crate::tally::{Share, Tally};

/// How many buffers the recorders of a service share. With one buffer, all workers would contend for its lock.
const BUFFERS: usize = 16;

#[derive(Debug)]
struct Shared {
    origin: OnceLock<Instant>,
    /// The time up to which the records are complete, in nanoseconds. Stored with `Release` after records are forwarded,
    /// loaded with `Acquire` before the buffers are read.
    complete: AtomicU64,
    buffers: [CachePadded<Mutex<Buffer>>; BUFFERS],
}

impl Shared {
    fn origin(&self) -> Instant {
        *self.origin.get_or_init(Instant::now)
    }

    fn buffer(&self, worker: Option<WorkerId>) -> MutexGuard<'_, Buffer> {
        lock(&self.buffers[worker.map_or(0, |worker| worker.0 as usize) % BUFFERS])
    }
}

/// The records of some workers that the reader hasn't read yet.
#[derive(Debug)]
enum Buffer {
    /// The records, in order of time for each worker.
    Kept(Vec<Record>),
    /// Only their counts.
    Counted(Tally),
}

impl Buffer {
    fn push(&mut self, record: Record) {
        match self {
            Buffer::Kept(records) => records.push(record),
            Buffer::Counted(tally) => tally.add(&record),
        }
    }
}

/// Locks a buffer. A thread that panics while it holds the lock does so between two records, so the buffer is valid.
fn lock(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates a trace, and returns its writing end and its reading end.
///
/// ```
/// use chapters::record::Event;
/// use chapters::trace::channel;
///
/// let (trace, records) = channel();
/// trace.service().record(Event::ServiceStarting);
/// assert_eq!(records.rest()[0].event, Event::ServiceStarting);
/// ```
pub fn channel() -> (Trace, Records) {
    new(|| Buffer::Kept(Vec::new()))
}

/// Creates a trace that keeps only the [counts](Records::counts). No record is stored or sent to another thread. A recorder
/// has the counts of its worker, and adds them to the trace when it is dropped.
pub fn counted() -> (Trace, Records) {
    new(|| Buffer::Counted(Tally::default()))
}

fn new(buffer: impl Fn() -> Buffer) -> (Trace, Records) {
    let buffers = array::from_fn(|_| CachePadded::new(Mutex::new(buffer())));
    let shared = Arc::new(Shared { origin: OnceLock::new(), complete: AtomicU64::new(u64::MAX), buffers });
    (Trace { shared: Arc::clone(&shared) }, Records { shared, held: Vec::new() })
}

/// The writing end of a trace. Each worker, and the service itself, gets a [`Recorder`] from it.
#[derive(Clone, Debug)]
pub struct Trace {
    shared: Arc<Shared>,
}

impl Trace {
    /// A recorder for the service itself.
    pub fn service(&self) -> Recorder {
        Recorder { shared: Arc::clone(&self.shared), worker: None, counts: None }
    }

    /// A recorder for `worker`. If only counts are kept, a worker has one recorder at a time.
    pub fn worker(&self, worker: WorkerId) -> Recorder {
        let counts = match &mut *self.shared.buffer(Some(worker)) {
            Buffer::Kept(_) => None,
            Buffer::Counted(tally) => Some(Box::new(tally.take(worker))),
        };
        Recorder { shared: Arc::clone(&self.shared), worker: Some(worker), counts }
    }

    /// The time from which records count. It is set by the first call of this method or of [`Recorder::record`].
    pub fn origin(&self) -> Instant {
        self.shared.origin()
    }

    /// Declares that all records before `at` have been recorded or [forwarded](Trace::forward). Later ones are held back, so
    /// that a record which is forwarded late still gets its place in the order. A service that forwards nothing doesn't
    /// have to call this.
    pub fn complete_until(&self, at: Duration) {
        self.shared.complete.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Adds records of `worker` that were made elsewhere, on the same clock.
    pub fn forward(&self, worker: WorkerId, records: Vec<Record>) {
        let mut buffer = self.shared.buffer(Some(worker));
        records.into_iter().for_each(|record| buffer.push(record));
    }
}

/// Records the events of one worker, or of the service itself.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    worker: Option<WorkerId>,
    /// The counts of the worker, if only counts are kept. While the recorder has them, it needn't lock the buffer.
    counts: Option<Box<Share>>,
}

impl Recorder {
    /// Records that `event` happens now, and returns the time.
    ///
    /// Never blocks for longer than it takes to append to a list.
    #[inline]
    pub fn record(&self, event: Event) -> Instant {
        let Some(counts) = &self.counts else { return self.keep(event) };
        let (origin, now) = (self.shared.origin(), Instant::now());
        counts.add(now.saturating_duration_since(origin), &event);
        now
    }

    fn keep(&self, event: Event) -> Instant {
        let origin = self.shared.origin();
        let mut buffer = self.shared.buffer(self.worker);
        // The clock is read with the buffer locked, so that a reader that empties the buffer gets all earlier records.
        let now = Instant::now();
        buffer.push(Record { at: now.saturating_duration_since(origin), worker: self.worker, event });
        now
    }
}

impl Drop for Recorder {
    /// Puts the counts back.
    fn drop(&mut self) {
        if let (Some(worker), Some(counts)) = (self.worker, self.counts.take())
            && let Buffer::Counted(tally) = &mut *self.shared.buffer(Some(worker))
        {
            tally.put_back(worker, *counts);
        }
    }
}

/// The reading end of a trace.
#[derive(Debug)]
pub struct Records {
    shared: Arc<Shared>,
    held: Vec<Record>,
}

impl Records {
    /// Passes the new records to `show`, in order of time. Returns how many there were.
    pub fn sweep(&mut self, show: impl FnOnce(&[Record])) -> usize {
        let complete = Duration::from_nanos(self.shared.complete.load(Ordering::Acquire));
        let horizon = self.shared.origin().elapsed().min(complete);
        self.empty_buffers();
        let count = self.held.partition_point(|record| record.at < horizon);
        show(&self.held[..count]);
        self.held.drain(..count);
        count
    }

    /// Takes the counts of a trace that keeps only counts.
    pub fn counts(&mut self) -> Tally {
        let mut counts = Tally::default();
        for buffer in &self.shared.buffers {
            if let Buffer::Counted(tally) = &mut *lock(buffer) {
                counts.merge(mem::take(tally));
            }
        }
        counts
    }

    /// Takes all remaining records.
    pub fn rest(mut self) -> Vec<Record> {
        self.empty_buffers();
        self.held
    }

    fn empty_buffers(&mut self) {
        for buffer in &self.shared.buffers {
            if let Buffer::Kept(records) = &mut *lock(buffer) {
                self.held.append(records);
            }
        }
        self.held.sort_by_key(|record| record.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Kind};

    #[test]
    fn records_of_all_workers_come_in_order_of_time() {
        let (trace, records) = channel();
        let workers: Vec<Recorder> = (0..40).map(|number| trace.worker(WorkerId(number))).collect();
        for _ in 0..10 {
            workers.iter().rev().for_each(|worker| _ = worker.record(Event::NoWork));
        }
        let records = records.rest();
        assert_eq!(records.len(), 400);
        assert!(records.is_sorted_by_key(|record| record.at));
    }

    #[test]
    fn a_trace_without_views_is_counted_where_it_is_recorded() {
        let (trace, mut records) = counted();
        let job = Job { number: 0, kind: Kind::Cpu, size: 1.0 };
        for worker in [0, 16, 1].map(|number| trace.worker(WorkerId(number))) {
            worker.record(Event::JobStarted(job));
            worker.record(Event::JobCompleted(job));
        }
        let record = |event| Record { at: Duration::ZERO, worker: Some(WorkerId(2)), event };
        trace.forward(WorkerId(2), vec![record(Event::JobStarted(job)), record(Event::WorkerDied(Some(job)))]);
        assert_eq!(records.sweep(|news| assert!(news.is_empty())), 0);
        let counts = records.counts();
        assert_eq!((counts.completed(), counts.died()), (3, 1));
        assert!(records.rest().is_empty());
    }
}
