//! What a worker process says, written into memory that it shares with the service.
//!
//! The counterpart of [`trace::Recorder`](crate::trace::Recorder), whose buffer lives in one process's own memory. A
//! journal is a ring of slots: the worker writes at its end, the service reads at its beginning, and neither needs a
//! lock, since each moves only its own counter. Saying something costs no system call. And what was said stays said: a
//! worker that is killed takes along only what it had not yet written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::job::{Job, Kind};
use crate::trace::{Event, Record, WorkerId};
use crate::usage::peak_rss;

/// How many records a journal holds that have not been read.
const SLOTS: u32 = 2048;
/// How many words a record takes.
const SLOT: usize = 8;
/// Where the slots begin. The counters before them have a cache line each, since each has one writer.
const FIRST: usize = 48;

/// Which word counts the records written, wrapping around.
const WRITTEN: usize = 0;
/// Which word is 1 from before the writer looks at the clock until its record can be read.
const WRITING: usize = 1;
/// Which word counts the records read, wrapping around.
const READ: usize = 16;
/// Which word has the peak of the worker's memory, in kibibytes.
const PEAK: usize = 32;

/// How many words of shared memory a journal takes.
pub const WORDS: usize = FIRST + SLOTS as usize * SLOT;

/// How often the service looks again whether a writer is done, which takes it some nanoseconds, if it is running at all.
const LOOKS: usize = 100;

/// How long a worker pauses when its journal is full, until the service has read some of it.
const PAUSE: Duration = Duration::from_micros(100);

/// Names for events in a slot. A worker process says no others.
const WORKER_STARTED: u32 = 1;
const JOB_STARTED: u32 = 2;
const JOB_COMPLETED: u32 = 3;
const NO_WORK: u32 = 4;
const WORKER_FINISHED: u32 = 5;

/// A worker's journal, of which both the worker and the service have a handle.
///
/// The counters' orderings: a writer *releases* `WRITTEN` after filling a slot, and a reader *acquires* it before looking
/// at the slot; the reader releases `READ` after it, and the writer acquires that before using the slot again. So the
/// slots themselves can be relaxed. `WRITING` is sequentially consistent before the clock is read: who reads the clock and
/// then finds it 0 knows that whoever read the clock earlier has written down what it had to say.
#[derive(Clone, Debug)]
pub struct Journal {
    memory: Arc<Shared>,
    first: usize,
    worker: WorkerId,
    origin: Instant,
}

impl Journal {
    /// The journal of `worker`, which begins at word `first` of `memory` and counts time from `origin`.
    pub fn new(memory: Arc<Shared>, first: usize, worker: WorkerId, origin: Instant) -> Self {
        Self { memory, first, worker, origin }
    }

    /// Whose journal this is.
    pub fn worker(&self) -> WorkerId {
        self.worker
    }

    /// The moment that it counts time from.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// The memory that it lies in.
    pub fn memory(&self) -> &Shared {
        &self.memory
    }

    /// Records that `event` happens now, and returns what time that is. Only the worker does that. Blocks while the journal is full, which it is only
    /// if the service has no time to read.
    ///
    /// # Panics
    ///
    /// When the event is none of a worker's.
    pub fn record(&self, event: Event) -> Instant {
        let (tag, job) = match event {
            Event::WorkerStarted => (WORKER_STARTED, None),
            Event::JobStarted(job) => (JOB_STARTED, Some(job)),
            Event::JobCompleted(job) => (JOB_COMPLETED, Some(job)),
            Event::NoWork => (NO_WORK, None),
            Event::WorkerFinished => (WORKER_FINISHED, None),
            other => panic!("a worker does not say {}", other.name()),
        };
        let words = self.words();
        if tag == WORKER_FINISHED {
            words[PEAK].store(u32::try_from(peak_rss() / 1024).unwrap_or(u32::MAX), Ordering::Relaxed);
        }
        let written = words[WRITTEN].load(Ordering::Relaxed);
        while written.wrapping_sub(words[READ].load(Ordering::Acquire)) >= SLOTS {
            thread::sleep(PAUSE);
        }
        let slot = slot(words, written);
        words[WRITING].swap(1, Ordering::SeqCst);
        let now = Instant::now();
        store(&slot[0..2], now.saturating_duration_since(self.origin).as_nanos() as u64);
        slot[2].store(tag, Ordering::Relaxed);
        if let Some(job) = job {
            slot[3].store(job.kind as u32, Ordering::Relaxed);
            store(&slot[4..6], job.number);
            store(&slot[6..8], job.size.to_bits());
        }
        words[WRITTEN].store(written.wrapping_add(1), Ordering::Release);
        words[WRITING].store(0, Ordering::Release);
        now
    }

    /// Whether everything can be [read](Journal::read) that the worker has said before now. If not, the worker was
    /// interrupted, or killed, in the middle of saying something.
    pub fn is_complete(&self) -> bool {
        (0..LOOKS).any(|_| self.words()[WRITING].load(Ordering::SeqCst) == 0)
    }

    /// Takes what the worker has said since the last time. Only the service does that. Never blocks.
    pub fn read(&self) -> Vec<Record> {
        let words = self.words();
        let written = words[WRITTEN].load(Ordering::Acquire);
        let read = words[READ].load(Ordering::Relaxed);
        let unread = written.wrapping_sub(read).min(SLOTS);
        let records = (0..unread).filter_map(|offset| self.record_in(slot(words, read.wrapping_add(offset)))).collect();
        words[READ].store(written, Ordering::Release);
        records
    }

    fn record_in(&self, slot: &[AtomicU32]) -> Option<Record> {
        let job = || {
            let kind = if slot[3].load(Ordering::Relaxed) == Kind::Io as u32 { Kind::Io } else { Kind::Cpu };
            Job { number: load(&slot[4..6]), kind, size: f64::from_bits(load(&slot[6..8])) }
        };
        let event = match slot[2].load(Ordering::Relaxed) {
            WORKER_STARTED => Event::WorkerStarted,
            JOB_STARTED => Event::JobStarted(job()),
            JOB_COMPLETED => Event::JobCompleted(job()),
            NO_WORK => Event::NoWork,
            WORKER_FINISHED => Event::WorkerFinished,
            _ => return None,
        };
        Some(Record { at: Duration::from_nanos(load(&slot[0..2])), worker: Some(self.worker), event })
    }

    /// The peak of the worker's memory, in bytes, as of when it finished; before that, 0.
    pub fn peak(&self) -> u64 {
        u64::from(self.words()[PEAK].load(Ordering::Relaxed)) * 1024
    }

    fn words(&self) -> &[AtomicU32] {
        &self.memory[self.first..self.first + WORDS]
    }
}

fn slot(words: &[AtomicU32], number: u32) -> &[AtomicU32] {
    let start = FIRST + (number % SLOTS) as usize * SLOT;
    &words[start..start + SLOT]
}

fn store(words: &[AtomicU32], value: u64) {
    words[0].store(value as u32, Ordering::Relaxed);
    words[1].store((value >> 32) as u32, Ordering::Relaxed);
}

fn load(words: &[AtomicU32]) -> u64 {
    u64::from(words[0].load(Ordering::Relaxed)) | u64::from(words[1].load(Ordering::Relaxed)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        Journal::new(Arc::new(Shared::new(WORDS).unwrap()), 0, WorkerId(3), Instant::now())
    }

    fn job(number: u64) -> Job {
        Job { number, kind: Kind::Io, size: 1.25 }
    }

    #[test]
    fn what_one_handle_records_the_other_reads_once() {
        let worker = journal();
        let service = worker.clone();
        let said = [
            Event::WorkerStarted,
            Event::JobStarted(job(u64::MAX)),
            Event::JobCompleted(job(u64::MAX)),
            Event::NoWork,
            Event::WorkerFinished,
        ];
        said.iter().cloned().for_each(|event| _ = worker.record(event));
        let records = service.read();
        assert!(records.is_sorted_by_key(|record| record.at));
        assert!(records.iter().all(|record| record.worker == Some(WorkerId(3))));
        assert_eq!(records.into_iter().map(|record| record.event).collect::<Vec<_>>(), said);
        assert!(service.read().is_empty());
    }

    #[test]
    fn a_full_journal_makes_the_worker_wait_and_loses_nothing() {
        let worker = journal();
        let service = worker.clone();
        let jobs = 5 * u64::from(SLOTS);
        let writer =
            thread::spawn(move || (0..jobs).for_each(|number| _ = worker.record(Event::JobStarted(job(number)))));
        let mut read = Vec::new();
        while (read.len() as u64) < jobs {
            read.extend(service.read().into_iter().filter_map(|record| record.event.job().map(|job| job.number)));
        }
        writer.join().unwrap();
        assert!(read.into_iter().eq(0..jobs));
    }

    #[test]
    fn a_writer_that_stops_in_the_middle_leaves_the_journal_incomplete() {
        let journal = journal();
        journal.record(Event::NoWork);
        assert!(journal.is_complete());
        journal.words()[WRITING].store(1, Ordering::SeqCst);
        assert!(!journal.is_complete());
    }

    #[test]
    fn a_slot_that_holds_nonsense_is_passed_over() {
        let journal = journal();
        journal.record(Event::NoWork);
        slot(journal.words(), 0)[2].store(99, Ordering::Relaxed);
        assert!(journal.read().is_empty());
    }
}
