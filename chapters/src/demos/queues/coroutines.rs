//! The queues at work between coroutines.

use super::{QueueDemo, ROOM, Ticket, room};
use crate::coroutines::{LifoQueue, PriorityQueue, Queue};
use crate::demos::workers::coroutines::{self as workers, Worker};
use crate::errors::GetError;
use crate::job::Job;
use crate::record::Resource;
use crate::storage::Storage;

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
            QueueDemo::Simple => unreachable!("coroutines have no SimpleQueue"),
            QueueDemo::Join => Self::Join(Queue::new(0)),
            QueueDemo::Shutdown => Self::Shutdown(Queue::new(room(workers)), Queue::new(0)),
            QueueDemo::Timeout => Self::Timeout(Queue::new(0)),
        }
    }
}

impl workers::Stage for Stage {
    async fn play(&self, me: &Worker) {
        match self {
            Self::Fifo(queue) => in_order(me, queue).await,
            Self::Bounded(queue) => bounded(me, queue).await,
            Self::Lifo(stack) => in_order(me, stack).await,
            Self::Priority(queue) => priority(me, queue).await,
            Self::Join(queue) => join(me, queue).await,
            Self::Shutdown(full, empty) => shutdown(me, full, empty).await,
            Self::Timeout(queue) => timeout(me, queue).await,
        }
    }

    /// Shuts the queues down. The other workers finish the jobs they can get, without waiting for more.
    async fn abandon(&self) {
        match self {
            Self::Fifo(queue) | Self::Bounded(queue) | Self::Timeout(queue) => queue.shutdown(false),
            Self::Lifo(stack) => stack.shutdown(false),
            Self::Priority(queue) => queue.shutdown(false),
            // The producer would wait forever for items that no worker is left to process.
            Self::Join(queue) => queue.shutdown(true),
            Self::Shutdown(full, empty) => {
                full.shutdown(false);
                empty.shutdown(false);
            }
        }
    }
}

/// The first worker puts all jobs. Then every worker serves.
async fn in_order<S: Storage<Job>>(me: &Worker, queue: &Queue<Job, S>) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            if queue.put(*job).await.is_err() {
                break; // a worker has died
            }
        }
        queue.shutdown(false);
    }
    serve(me, queue).await;
}

/// Takes jobs and does them, until the queue is shut down and empty.
async fn serve<T: Into<Job>, S: Storage<T>>(me: &Worker, queue: &Queue<T, S>) {
    while let Ok(item) = get(me, queue).await {
        me.work_async(&item.into()).await;
    }
}

/// Gets an item, and records the wait for it.
async fn get<T, S: Storage<T>>(me: &Worker, queue: &Queue<T, S>) -> Result<T, GetError> {
    me.waits(Resource::Item);
    let item = queue.get().await;
    me.resumes(Resource::Item);
    item
}

/// Puts jobs as fast as the queue takes them, or serves.
async fn bounded(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            me.waits(Resource::Room);
            let put = queue.put(*job).await;
            me.resumes(Resource::Room);
            if put.is_err() {
                break; // a worker has died
            }
        }
        queue.shutdown(false);
    } else {
        serve(me, queue).await;
    }
}

/// Puts jobs, does one of its own, and puts some that are urgent; and serves.
async fn priority(me: &Worker, queue: &PriorityQueue<Ticket>) {
    if me.is_first() {
        let (own, others) = me.jobs.split_at(1);
        let (usual, urgent) = others.split_at(others.len() - (me.workers - 1));
        let put = |job: &Job, urgent| {
            me.puts(job);
            // The queue has room for all jobs. `try_put` fails once a worker has died.
            let _ = queue.try_put(Ticket { urgent, job: *job });
        };
        usual.iter().for_each(|job| put(job, false));
        me.work_async(&own[0]).await;
        urgent.iter().for_each(|job| put(job, true));
        queue.shutdown(false);
    }
    serve(me, queue).await;
}

/// A job that was taken from a queue. Dropping it calls `task_done`, also when the worker panics.
struct Task<'a>(&'a Queue<Job>);

impl Drop for Task<'_> {
    fn drop(&mut self) {
        // It fails only if `task_done` was called more often than `put`.
        let _ = self.0.task_done();
    }
}

/// The first worker puts jobs, waits until all are done, and does the last job alone. The others serve, and call
/// `task_done` for each job.
async fn join(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        let (last, tasks) = me.jobs.split_last().expect("there are jobs");
        for job in tasks {
            me.puts(job);
            if queue.put(*job).await.is_err() {
                return; // a worker has died
            }
        }
        me.waits(Resource::Tasks);
        queue.join().await;
        me.resumes(Resource::Tasks);
        me.work_async(last).await;
        queue.shutdown(false);
    } else {
        while let Ok(job) = get(me, queue).await {
            let _task = Task(queue);
            me.work_async(&job).await;
        }
    }
}

/// One worker shuts both queues down; the others wait for room in the full queue, or for an item in the empty one. Then
/// they serve the items left in the full queue.
async fn shutdown(me: &Worker, full: &Queue<Job>, empty: &Queue<Job>) {
    let (own, others) = me.jobs.split_at(1);
    match me.id.0 {
        0 => {
            me.work_async(&own[0]).await;
            me.signals(Resource::Queue);
            full.shutdown(false);
            empty.shutdown(false);
        }
        1 => {
            for job in others {
                me.puts(job);
                me.waits(Resource::Room);
                let put = full.put(*job).await;
                me.resumes(Resource::Room);
                if let Err(back) = put {
                    me.work_async(&back.into_item()).await;
                }
            }
        }
        _ => {
            let item = get(me, empty).await;
            item.expect_err("nobody puts anything there");
        }
    }
    serve(me, full).await;
}

/// One worker puts a job now and then; the others wait for jobs with a short timeout.
async fn timeout(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        for pair in me.jobs.chunks(2) {
            me.work_async(&pair[0]).await;
            me.puts(&pair[1]);
            if queue.put(pair[1]).await.is_err() {
                break; // a worker has died
            }
        }
        queue.shutdown(false);
    } else {
        loop {
            me.waits(Resource::Item);
            let item = queue.get_timeout(me.wait_timeout()).await;
            me.resumes(Resource::Item);
            match item {
                Ok(job) => me.work_async(&job).await,
                Err(GetError::Empty) => me.finds_no_work(),
                Err(GetError::ShutDown) => break,
            }
        }
    }
}
