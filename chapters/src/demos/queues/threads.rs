//! The queues at work between threads.

#[allow(clippy::duplicate_mod, reason = "compiled once for each model, with its types")]
#[path = "blocking.rs"]
mod blocking;

use blocking::{JobQueue, bounded, in_order, join, serve, shutdown, timeout};

use super::{QueueDemo, ROOM, Ticket, room};
use crate::demos::workers::threads::{self as workers, Worker};
use crate::errors::GetError;
use crate::job::Job;
use crate::record::Resource;
use crate::storage::Storage;
use crate::threads::{LifoQueue, PriorityQueue, Queue, SimpleQueue};

/// The state that the workers of a scene share.
// Only one exists at a time.
#[allow(clippy::large_enum_variant)]
pub enum Stage {
    /// A queue without a limit.
    Fifo(Queue<Job>),
    /// A queue that is soon full, or never.
    Bounded(Queue<Job>),
    /// A stack.
    Lifo(LifoQueue<Job>),
    /// A queue on which urgent jobs overtake the others.
    Priority(PriorityQueue<Ticket>),
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
    pub fn new(scene: QueueDemo, workers: usize) -> Self {
        match scene {
            QueueDemo::Fifo => Self::Fifo(Queue::new(0)),
            QueueDemo::Bounded => Self::Bounded(Queue::new(ROOM)),
            QueueDemo::Unbounded => Self::Bounded(Queue::new(0)),
            QueueDemo::Lifo => Self::Lifo(LifoQueue::new(0)),
            QueueDemo::Priority => Self::Priority(PriorityQueue::new(0)),
            QueueDemo::Simple => Self::Simple(SimpleQueue::new(), workers),
            QueueDemo::Join => Self::Join(Queue::new(0)),
            QueueDemo::Shutdown => Self::Shutdown(Queue::new(room(workers)), Queue::new(0)),
            QueueDemo::Timeout => Self::Timeout(Queue::new(0)),
        }
    }
}

impl workers::Stage for Stage {
    fn play(&self, me: &Worker) {
        match self {
            Self::Fifo(queue) => in_order(me, queue),
            Self::Bounded(queue) => bounded(me, queue),
            Self::Lifo(stack) => in_order(me, stack),
            Self::Priority(queue) => priority(me, queue),
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
            Self::Lifo(stack) => stack.shutdown(false),
            Self::Priority(queue) => queue.shutdown(false),
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

impl<T: From<Job> + Into<Job>, S: Storage<T>> JobQueue for Queue<T, S> {
    fn put(&self, job: Job) -> bool {
        self.put(job.into()).is_ok()
    }

    fn get(&self) -> Result<Job, GetError> {
        self.get().map(Into::into)
    }

    fn shutdown(&self) {
        self.shutdown(false);
    }
}

/// Puts jobs, does one of its own, and puts some that are urgent; and serves.
fn priority(me: &Worker, queue: &PriorityQueue<Ticket>) {
    if me.is_first() {
        let (own, others) = me.jobs.split_at(1);
        let (usual, urgent) = others.split_at(others.len() - (me.workers - 1));
        let put = |job: &Job, urgent| {
            me.puts(job);
            // The queue has room for all jobs. `try_put` fails once a worker has died.
            let _ = queue.try_put(Ticket { urgent, job: *job });
        };
        usual.iter().for_each(|job| put(job, false));
        me.work(&own[0]);
        urgent.iter().for_each(|job| put(job, true));
        queue.shutdown(false);
    }
    serve(me, queue);
}

/// The first worker puts all jobs, and an end marker for each worker. Then every worker takes jobs until it gets a
/// marker.
fn simple(me: &Worker, queue: &SimpleQueue<Option<Job>>) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            queue.put(Some(*job));
        }
        put_ends(queue, me.workers);
    }
    loop {
        me.waits(Resource::Item);
        let item = queue.get();
        me.resumes(Resource::Item);
        match item {
            Some(job) => me.work(&job),
            None => break,
        }
    }
}

/// Puts an end marker for each worker.
fn put_ends(queue: &SimpleQueue<Option<Job>>, workers: usize) {
    for _ in 0..workers {
        queue.put(None);
    }
}
