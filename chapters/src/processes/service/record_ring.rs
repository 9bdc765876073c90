//! What a worker process says, written into memory that it shares with the service.
//!
//! The counterpart of [`trace::Recorder`](crate::trace::Recorder), whose buffer lives in one process's own memory. A
//! journal is a ring of slots: the worker writes at its end, the service reads at its beginning, and neither needs a
//! lock, since each moves only its own counter. Saying something costs no system call. And what was said stays said: a
//! worker that is killed takes along only what it had not yet written.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::job::{Job, Kind};
use crate::processes::os::shared::{LINE, Place, Shared, Words};
use crate::record::{Event, Record, Resource, WorkerId};
use crate::usage::peak_rss;

/// How many records a journal holds that have not been read.
const SLOTS: u64 = 2048;
/// How many words a record takes: when, what, and the job's number and size.
const SLOT: usize = 4;
/// Where the slots begin. The counters before them have a cache line for each writer.
const FIRST: usize = 2 * LINE;

/// Which word counts the records written.
const WRITTEN: usize = 0;
/// Which word is 1 from before the writer looks at the clock until its record can be read.
const WRITING: usize = 1;
/// Which word has the peak of the worker's memory, in bytes.
const PEAK: usize = 2;
/// Which word counts the records read.
const READ: usize = LINE;

/// How many words of shared memory a journal takes.
pub const WORDS: usize = FIRST + SLOTS as usize * SLOT;

/// How often the service looks again whether a writer is done, which takes it some nanoseconds, if it is running at all.
const LOOKS: usize = 100;

/// How long a worker pauses when its journal is full, until the service has read some of it.
const PAUSE: Duration = Duration::from_micros(100);

/// Names for events in a slot. A worker process says no others.
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
/// Added to the name of an event whose job waits instead of computing.
const IO: u64 = 16;

/// A worker's journal, of which both the worker and the service have a handle.
///
/// The counters' orderings: a writer *releases* `WRITTEN` after filling a slot, and a reader *acquires* it before looking
/// at the slot; the reader releases `READ` after it, and the writer acquires that before using the slot again. So the
/// slots themselves can be relaxed. `WRITING` is sequentially consistent before the clock is read: who reads the clock and
/// then finds it 0 knows that whoever read the clock earlier has written down what it had to say.
#[derive(Clone, Debug)]
pub struct Journal {
    words: Words,
    worker: WorkerId,
    origin: Instant,
}

impl Journal {
    /// Makes an empty journal for `worker`, which counts time from `origin`.
    ///
    /// # Errors
    ///
    /// When `memory` has no [`WORDS`] left.
    pub fn new(memory: &Arc<Shared>, worker: WorkerId, origin: Instant) -> io::Result<Self> {
        Self::at(memory, memory.place(WORDS)?, worker, origin)
    }

    /// The journal of `worker` that another process made at `place`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn at(memory: &Arc<Shared>, place: Place, worker: WorkerId, origin: Instant) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, WORDS)?, worker, origin })
    }

    /// Where it lies.
    pub fn place(&self) -> Place {
        self.words.place()
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
    pub fn memory(&self) -> &Arc<Shared> {
        self.words.memory()
    }

    /// Records that `event` happens now, and returns what time that is. Only the worker does that. Blocks while the journal
    /// is full, which it is only if the service has no time to read.
    ///
    /// # Panics
    ///
    /// When the event is none of a worker's.
    pub fn record(&self, event: Event) -> Instant {
        let tag = match event {
            Event::WorkerStarted => WORKER_STARTED,
            Event::JobStarted(_) => JOB_STARTED,
            Event::JobCompleted(_) => JOB_COMPLETED,
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
        slot[1].store(if job.is_some_and(|job| job.kind == Kind::Io) { tag | IO } else { tag }, Ordering::Relaxed);
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

    /// Whether everything can be [read](Journal::read) that the worker has said before now. If not, the worker was
    /// interrupted, or killed, in the middle of saying something.
    pub fn is_complete(&self) -> bool {
        (0..LOOKS).any(|_| self.words[WRITING].load(Ordering::SeqCst) == 0)
    }

    /// Takes what the worker has said since the last time. Only the service does that. Never blocks.
    pub fn read(&self) -> Vec<Record> {
        let words = &*self.words;
        let written = words[WRITTEN].load(Ordering::Acquire);
        let read = words[READ].load(Ordering::Relaxed);
        // At most all slots, whatever nonsense a worker may have left in its counter.
        let unread = written.wrapping_sub(read).min(SLOTS);
        let records = (0..unread).filter_map(|offset| self.record_in(slot(words, read.wrapping_add(offset)))).collect();
        words[READ].store(written, Ordering::Release);
        records
    }

    fn record_in(&self, slot: &[AtomicU64]) -> Option<Record> {
        let [at, what, number, size] = [0, 1, 2, 3].map(|word| slot[word].load(Ordering::Relaxed));
        let job = || {
            let kind = if what & IO == 0 { Kind::Cpu } else { Kind::Io };
            Job { number, kind, size: f64::from_bits(size) }
        };
        let resource = || Resource::ALL.get(number as usize).copied();
        let event = match what & !IO {
            WORKER_STARTED => Event::WorkerStarted,
            JOB_STARTED => Event::JobStarted(job()),
            JOB_COMPLETED => Event::JobCompleted(job()),
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

    /// The peak of the worker's memory, in bytes, as of when it finished; before that, 0.
    pub fn peak(&self) -> u64 {
        self.words[PEAK].load(Ordering::Relaxed)
    }
}

fn slot(words: &[AtomicU64], number: u64) -> &[AtomicU64] {
    let start = FIRST + (number % SLOTS) as usize * SLOT;
    &words[start..start + SLOT]
}

#[cfg(test)]
#[path = "tests/record_ring.rs"]
mod tests;
