//! The scenes of the queues, for workers that block: threads and processes. The file is compiled once for each of the two
//! models, with its types.

use super::{GetError, Queue, Worker};
use crate::job::Job;
use crate::record::Resource;

/// A queue for jobs, in any order.
pub trait JobQueue {
    /// Puts a job. Blocks until there is room. Returns false if the queue is shut down, because a worker has died.
    fn put(&self, job: Job) -> bool;

    /// Gets the next job. Blocks until there is one. Returns an error if the queue is shut down and empty.
    fn get(&self) -> Result<Job, GetError>;

    /// Signals that nothing else will be put.
    fn shutdown(&self);
}

/// The first worker puts all jobs. Then every worker serves.
pub fn in_order(me: &Worker, queue: &impl JobQueue) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            if !queue.put(*job) {
                break; // a worker has died
            }
        }
        queue.shutdown();
    }
    serve(me, queue);
}

/// Takes jobs and does them, until the queue is shut down and empty.
pub fn serve(me: &Worker, queue: &impl JobQueue) {
    while let Ok(job) = get(me, queue) {
        me.work(&job);
    }
}

/// Gets a job, and records the wait for it.
fn get(me: &Worker, queue: &impl JobQueue) -> Result<Job, GetError> {
    me.waits(Resource::Item);
    let item = queue.get();
    me.resumes(Resource::Item);
    item
}

/// Puts jobs as fast as the queue takes them, or serves.
pub fn bounded(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        for job in &me.jobs {
            me.puts(job);
            me.waits(Resource::Room);
            let put = queue.put(*job);
            me.resumes(Resource::Room);
            if put.is_err() {
                break; // a worker has died
            }
        }
        queue.shutdown(false);
    } else {
        serve(me, queue);
    }
}

/// A job that was taken from a queue. Dropping it calls `task_done`, also when the worker panics. If the process is
/// killed, the queue finds out by itself.
struct Task<'a>(&'a Queue<Job>);

impl Drop for Task<'_> {
    fn drop(&mut self) {
        // It fails only if `task_done` was called more often than `put`.
        let _ = self.0.task_done();
    }
}

/// The first worker puts jobs, waits until all are done, and does the last job alone. The others serve, and call
/// `task_done` for each job.
pub fn join(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        let (last, tasks) = me.jobs.split_last().expect("there are jobs");
        for job in tasks {
            me.puts(job);
            if queue.put(*job).is_err() {
                return; // a worker has died
            }
        }
        me.waits(Resource::Tasks);
        queue.join();
        me.resumes(Resource::Tasks);
        me.work(last);
        queue.shutdown(false);
    } else {
        while let Ok(job) = get(me, queue) {
            let _task = Task(queue);
            me.work(&job);
        }
    }
}

/// One worker shuts both queues down; the others wait for room in the full queue, or for an item in the empty one. Then
/// they serve the items left in the full queue.
pub fn shutdown(me: &Worker, full: &Queue<Job>, empty: &Queue<Job>) {
    let (own, others) = me.jobs.split_at(1);
    match me.id.0 {
        0 => {
            me.work(&own[0]);
            me.signals(Resource::Queue);
            full.shutdown(false);
            empty.shutdown(false);
        }
        1 => {
            for job in others {
                me.puts(job);
                me.waits(Resource::Room);
                let put = full.put(*job);
                me.resumes(Resource::Room);
                if let Err(back) = put {
                    me.work(&back.into_item());
                }
            }
        }
        _ => {
            let item = get(me, empty);
            item.expect_err("no worker puts anything there");
        }
    }
    serve(me, full);
}

/// One worker puts a job now and then; the others wait for jobs with a short timeout.
pub fn timeout(me: &Worker, queue: &Queue<Job>) {
    if me.is_first() {
        for pair in me.jobs.chunks(2) {
            me.work(&pair[0]);
            me.puts(&pair[1]);
            if queue.put(pair[1]).is_err() {
                break; // a worker has died
            }
        }
        queue.shutdown(false);
    } else {
        loop {
            me.waits(Resource::Item);
            let item = queue.get_timeout(me.wait_timeout());
            me.resumes(Resource::Item);
            match item {
                Ok(job) => me.work(&job),
                Err(GetError::Empty) => me.finds_no_work(),
                Err(_) => break,
            }
        }
    }
}
