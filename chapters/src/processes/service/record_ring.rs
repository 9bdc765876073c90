//! The records of a worker process, in a ring buffer in memory that the worker shares with the service.
//!
//! The counterpart of [`trace::Recorder`](crate::trace::Recorder), whose buffer belongs to one process. A ring
//! consists of slots. The worker writes at its end and the service reads at its beginning, and neither needs a lock,
//! because each changes only its own counter. Recording an event takes no system call. A record survives the death of
//! the worker that wrote it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::job::{Failure, Job, Kind};
use crate::processes::os::shared::{LINE, Place, Shared, Words};
use crate::record::{Event, Record, Resource, WorkerId};
use crate::usage::peak_rss;

/// The number of unread records that a ring has room for.
pub(super) const SLOTS: u64 = 2048;
/// The number of words that a record takes: time, event, and the number and size of the job.
const SLOT: usize = 4;
/// The offset of the slots. The counters before them take one cache line per process that writes them.
const FIRST: usize = 2 * LINE;

/// The index of the word that counts the records written.
const WRITTEN: usize = 0;
/// The index of the word that is 1 from before the writer reads the clock until its record can be read.
const WRITING: usize = 1;
/// The index of the word that holds the worker's peak memory use, in bytes.
const PEAK: usize = 2;
/// The index of the word that counts the records read.
const READ: usize = LINE;

/// The number of words of shared memory that a ring needs.
pub const WORDS: usize = FIRST + SLOTS as usize * SLOT;

/// The number of times that the service checks whether a writer has finished a record. If the writer is running, that
/// takes a few nanoseconds.
const LOOKS: usize = 100;

/// How long a worker sleeps before it checks again whether a full ring has room.
const PAUSE: Duration = Duration::from_micros(100);

/// The numbers that stand for events in a slot. A worker process doesn't record other events.
const WORKER_STARTED: u64 = 1;
const JOB_STARTED: u64 = 2;
const JOB_COMPLETED: u64 = 3;
const NO_WORK: u64 = 4;
const WORKER_FINISHED: u64 = 5;
const JOB_PUT: u64 = 6;
const WAIT_STARTED: u64 = 7;
const WAIT_ENDED: u64 = 8;
const ACQUIRED: u64 = 9;
const RELEASED: u64 = 10;
const SIGNALLED: u64 = 11;
const JOB_FAILED: u64 = 12;
/// Added to the number of an event whose job waits instead of computing, or sends a request.
const IO: u64 = 16;
const NET: u64 = 32;
/// Where the upper half of the word begins, which has the error number of a failed job, or one of the next three.
const ERROR: u32 = 32;
const SHORT_ANSWER: u32 = 0;
const WRONG_ANSWER: u32 = u32::MAX;
const NO_ANSWER: u32 = u32::MAX - 1;

/// A worker's ring. The worker and the service each have a handle to it.
///
/// # Memory ordering
///
/// The writer fills a slot and then stores `WRITTEN` with *release*. The reader loads `WRITTEN` with *acquire* before
/// it reads the slot, and stores `READ` with *release* afterwards. The writer loads that with *acquire* before it uses
/// the slot again. The accesses to the slots can therefore be relaxed.
///
/// The writer sets `WRITING` with a sequentially consistent swap before it reads the clock. If the service reads the
/// clock and then finds that `WRITING` is 0, the worker has written every record whose time is earlier.
#[derive(Clone, Debug)]
pub struct RecordRing {
    words: Words,
    worker: WorkerId,
    origin: Instant,
}

impl RecordRing {
    /// Creates an empty ring for `worker`, which measures time from `origin`.
    ///
    /// # Errors
    ///
    /// If fewer than [`WORDS`] words of `memory` are left.
    pub fn new(memory: &Arc<Shared>, worker: WorkerId, origin: Instant) -> io::Result<Self> {
        Self::at(memory, memory.place(WORDS)?, worker, origin)
    }

    /// Opens the ring of `worker` that another process created at `place`.
    ///
    /// # Errors
    ///
    /// If the words at `place` weren't allocated.
    pub fn at(memory: &Arc<Shared>, place: Place, worker: WorkerId, origin: Instant) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, WORDS)?, worker, origin })
    }

    /// Returns where the ring is in the memory.
    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// Returns the worker that writes the ring.
    pub fn worker(&self) -> WorkerId {
        self.worker
    }

    /// Returns the time from which the ring measures time.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// Returns the memory that contains the ring.
    pub fn memory(&self) -> &Arc<Shared> {
        self.words.memory()
    }

    /// Records that `event` happens now, and returns the current time. Blocks while the ring is full, which happens
    /// only if the service doesn't get to read it. Only the worker may call this.
    ///
    /// # Panics
    ///
    /// If a worker process doesn't record such an event.
    pub fn record(&self, event: Event) -> Instant {
        let tag = match event {
            Event::WorkerStarted => WORKER_STARTED,
            Event::JobStarted(_) => JOB_STARTED,
            Event::JobCompleted(_) => JOB_COMPLETED,
            Event::JobFailed(ref failed) => JOB_FAILED | u64::from(number_of(failed.failure)) << ERROR,
            Event::NoWork => NO_WORK,
            Event::WorkerFinished => WORKER_FINISHED,
            Event::JobPut(_) => JOB_PUT,
            Event::WaitStarted(_) => WAIT_STARTED,
            Event::WaitEnded(_) => WAIT_ENDED,
            Event::Acquired(_) => ACQUIRED,
            Event::Released(_) => RELEASED,
            Event::Signalled(_) => SIGNALLED,
            other => panic!("a worker does not say {}", other.name()),
        };
        let (job, resource) = (event.job(), event.resource());
        let words = &*self.words;
        if tag == WORKER_FINISHED {
            words[PEAK].store(peak_rss(), Ordering::Relaxed);
        }
        let written = words[WRITTEN].load(Ordering::Relaxed);
        while written.wrapping_sub(words[READ].load(Ordering::Acquire)) >= SLOTS {
            thread::sleep(PAUSE);
        }
        let slot = slot(words, written);
        words[WRITING].swap(1, Ordering::SeqCst);
        let now = Instant::now();
        slot[0].store(now.saturating_duration_since(self.origin).as_nanos() as u64, Ordering::Relaxed);
        let kind = match job.map(|job| job.kind) {
            Some(Kind::Io) => IO,
            Some(Kind::Net) => NET,
            Some(Kind::Cpu) | None => 0,
        };
        slot[1].store(tag | kind, Ordering::Relaxed);
        if let Some(job) = job {
            slot[2].store(job.number, Ordering::Relaxed);
            slot[3].store(job.size.to_bits(), Ordering::Relaxed);
        }
        if let Some(place) = resource.and_then(|resource| Resource::ALL.iter().position(|other| *other == resource)) {
            slot[2].store(place as u64, Ordering::Relaxed);
        }
        words[WRITTEN].store(written.wrapping_add(1), Ordering::Release);
        words[WRITING].store(0, Ordering::Release);
        now
    }

    /// Returns whether all earlier records of the worker can be [read](RecordRing::read). If not, the worker was
    /// interrupted or killed while it was writing one.
    pub fn is_complete(&self) -> bool {
        (0..LOOKS).any(|_| self.words[WRITING].load(Ordering::SeqCst) == 0)
    }

    /// Removes and returns the unread records. Never blocks. Only the service may call this.
    pub fn read(&self) -> Vec<Record> {
        let words = &*self.words;
        let written = words[WRITTEN].load(Ordering::Acquire);
        let read = words[READ].load(Ordering::Relaxed);
        // At most one record per slot, even if the worker has corrupted its counter.
        let unread = written.wrapping_sub(read).min(SLOTS);
        let records = (0..unread).filter_map(|offset| self.record_in(slot(words, read.wrapping_add(offset)))).collect();
        words[READ].store(written, Ordering::Release);
        records
    }

    fn record_in(&self, slot: &[AtomicU64]) -> Option<Record> {
        let [at, what, number, size] = [0, 1, 2, 3].map(|word| slot[word].load(Ordering::Relaxed));
        let (what, error) = (what & u64::from(u32::MAX), (what >> ERROR) as u32);
        let job = || {
            let kind = match what & (IO | NET) {
                0 => Kind::Cpu,
                IO => Kind::Io,
                _ => Kind::Net,
            };
            Job { number, kind, size: f64::from_bits(size) }
        };
        let resource = || Resource::ALL.get(number as usize).copied();
        let event = match what & !(IO | NET) {
            WORKER_STARTED => Event::WorkerStarted,
            JOB_STARTED => Event::JobStarted(job()),
            JOB_COMPLETED => Event::JobCompleted(job()),
            JOB_FAILED => Event::ended(job(), Err(failure_of(error))),
            NO_WORK => Event::NoWork,
            WORKER_FINISHED => Event::WorkerFinished,
            JOB_PUT => Event::JobPut(job()),
            WAIT_STARTED => Event::WaitStarted(resource()?),
            WAIT_ENDED => Event::WaitEnded(resource()?),
            ACQUIRED => Event::Acquired(resource()?),
            RELEASED => Event::Released(resource()?),
            SIGNALLED => Event::Signalled(resource()?),
            _ => return None,
        };
        Some(Record { at: Duration::from_nanos(at), worker: Some(self.worker), event })
    }

    /// Returns the worker's peak memory use in bytes, or 0 before the worker has finished.
    pub fn peak(&self) -> u64 {
        self.words[PEAK].load(Ordering::Relaxed)
    }
}

/// The number that stands for a failure in a slot.
fn number_of(failure: Failure) -> u32 {
    match failure {
        Failure::System(number) => number as u32,
        Failure::ShortAnswer => SHORT_ANSWER,
        Failure::WrongAnswer => WRONG_ANSWER,
        Failure::NoAnswer => NO_ANSWER,
    }
}

/// The failure that a number in a slot stands for.
fn failure_of(number: u32) -> Failure {
    match number {
        SHORT_ANSWER => Failure::ShortAnswer,
        WRONG_ANSWER => Failure::WrongAnswer,
        NO_ANSWER => Failure::NoAnswer,
        number => Failure::System(number as i32),
    }
}

fn slot(words: &[AtomicU64], number: u64) -> &[AtomicU64] {
    let start = FIRST + (number % SLOTS) as usize * SLOT;
    &words[start..start + SLOT]
}

#[cfg(test)]
#[path = "tests/record_ring.rs"]
mod tests;
