//! The queues at work between processes.

#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
#[path = "blocking.rs"]
mod blocking;

use std::io;
use std::sync::Arc;

use blocking::{JobQueue, bounded, in_order, join, shutdown, timeout};
use serde::{Deserialize, Serialize};

use super::{QueueDemo, ROOM, room};
use crate::demos::workers::processes::{self as workers, SharedStage, Worker};
use crate::job::Job;
use crate::processes::queue::GetError;
use crate::processes::shared::{Place, Shared};
use crate::processes::{Queue, SimpleQueue};
use crate::record::Resource;

/// The state that the workers of a scene share.
// Only one exists at a time.
#[allow(clippy::large_enum_variant)]
pub enum Stage {
    /// A queue without a limit.
    Fifo(Queue<Job>),
    /// A queue that is soon full, or never.
    Bounded(Queue<Job>),
    /// A queue that also carries the end marker, and the number of workers that must receive one.
    Simple(SimpleQueue<Option<Job>>, usize),
    /// A queue that the producer joins.
    Join(Queue<Job>),
    /// A full queue and an empty one.
    Shutdown(Queue<Job>, Queue<Job>),
    /// A queue that is empty most of the time.
    Timeout(Queue<Job>),
}

impl Stage {
    /// Sets up the stage for one scene.
    ///
    /// # Errors
    ///
    /// When `memory` is full.
    pub fn new(memory: &Arc<Shared>, scene: QueueDemo, workers: usize) -> io::Result<Self> {
        Ok(match scene {
            QueueDemo::Fifo => Self::Fifo(Queue::new(memory, 0)?),
            QueueDemo::Bounded => Self::Bounded(Queue::new(memory, ROOM)?),
            QueueDemo::Unbounded => Self::Bounded(Queue::new(memory, 0)?),
            QueueDemo::Lifo | QueueDemo::Priority => unreachable!("processes have no LifoQueue and no PriorityQueue"),
            QueueDemo::Simple => Self::Simple(SimpleQueue::new(memory)?, workers),
            QueueDemo::Join => Self::Join(Queue::new(memory, 0)?),
            QueueDemo::Shutdown => Self::Shutdown(Queue::new(memory, room(workers))?, Queue::new(memory, 0)?),
            QueueDemo::Timeout => Self::Timeout(Queue::new(memory, 0)?),
        })
    }
}

/// Where in the shared memory a stage lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Places {
    /// Of [`Stage::Fifo`].
    Fifo(Place),
    /// Of [`Stage::Bounded`].
    Bounded(Place),
    /// Of [`Stage::Simple`].
    Simple(Place, usize),
    /// Of [`Stage::Join`].
    Join(Place),
    /// Of [`Stage::Shutdown`].
    Shutdown(Place, Place),
    /// Of [`Stage::Timeout`].
    Timeout(Place),
}

impl SharedStage for Stage {
    type Places = Places;

    fn places(&self) -> Places {
        match self {
            Self::Fifo(queue) => Places::Fifo(queue.place()),
            Self::Bounded(queue) => Places::Bounded(queue.place()),
            Self::Simple(queue, workers) => Places::Simple(queue.place(), *workers),
            Self::Join(queue) => Places::Join(queue.place()),
            Self::Shutdown(full, empty) => Places::Shutdown(full.place(), empty.place()),
            Self::Timeout(queue) => Places::Timeout(queue.place()),
        }
    }

    fn at(memory: &Arc<Shared>, places: Places) -> io::Result<Self> {
        Ok(match places {
            Places::Fifo(queue) => Self::Fifo(Queue::at(memory, queue)?),
            Places::Bounded(queue) => Self::Bounded(Queue::at(memory, queue)?),
            Places::Simple(queue, workers) => Self::Simple(SimpleQueue::at(memory, queue)?, workers),
            Places::Join(queue) => Self::Join(Queue::at(memory, queue)?),
            Places::Shutdown(full, empty) => Self::Shutdown(Queue::at(memory, full)?, Queue::at(memory, empty)?),
            Places::Timeout(queue) => Self::Timeout(Queue::at(memory, queue)?),
        })
    }
}

impl workers::Stage for Stage {
    fn play(&self, me: &Worker) {
        match self {
            Self::Fifo(queue) => in_order(me, queue),
            Self::Bounded(queue) => bounded(me, queue),
            Self::Simple(queue, _) => simple(me, queue),
            Self::Join(queue) => join(me, queue),
            Self::Shutdown(full, empty) => shutdown(me, full, empty),
            Self::Timeout(queue) => timeout(me, queue),
        }
    }

    /// Shuts the queues down. The other workers finish the jobs they can get, without waiting for more.
    fn abandon(&self) {
        match self {
            Self::Fifo(queue) | Self::Bounded(queue) | Self::Timeout(queue) => queue.shutdown(false),
            Self::Simple(queue, workers) => put_ends(queue, *workers),
            // The producer would wait forever for items that no worker is left to process.
            Self::Join(queue) => queue.shutdown(true),
            Self::Shutdown(full, empty) => {
                full.shutdown(false);
                empty.shutdown(false);
            }
        }
    }
}

impl JobQueue for Queue<Job> {
    fn put(&self, job: Job) -> bool {
        self.put(job).is_ok()
    }

    fn get(&self) -> Result<Job, GetError> {
        self.get()
    }

    fn shutdown(&self) {
        self.shutdown(false);
    }
}

/// The first worker puts all jobs, and an end marker for each worker. Then every worker takes jobs until it gets a
/// marker.
fn simple(me: &Worker, queue: &SimpleQueue<Option<Job>>) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            queue.put(Some(*job)).expect("it can be sent");
        }
        put_ends(queue, me.workers);
    }
    loop {
        me.waits(Resource::Item);
        let item = queue.get();
        me.resumes(Resource::Item);
        match item {
            Ok(Some(job)) => me.work(&job),
            Ok(None) | Err(_) => break,
        }
    }
}

/// Puts an end marker for each worker. A full queue holds more than enough of them already.
fn put_ends(queue: &SimpleQueue<Option<Job>>, workers: usize) {
    for _ in 0..workers {
        let _ = queue.try_put(None);
    }
}
