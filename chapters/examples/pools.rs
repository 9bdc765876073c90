//! How a pool of threads distributes its work: `cargo run --example pools` shows each way, and a name selects one.
//!
//! | part | what it shows |
//! | --- | --- |
//! | `dealt` | the jobs are dealt to the workers in advance, and one share is larger than the others |
//! | `shared` | the same jobs on one queue |
//! | `stealing` | each worker has its own jobs, and an idle worker steals from the others |
//! | `nested` | jobs that wait for other jobs in the same pool: a deadlock |
//! | `helping` | the same jobs, but a waiting worker runs other jobs |

use std::convert::Infallible;
use std::io;
use std::iter;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use chapters::demo::Demo;
use chapters::demos::workers::threads::Worker as Me;
use chapters::demos::{self, Part, Spawner};
use chapters::job::Job;
use chapters::record::{Event, Resource, WorkerId};
use chapters::service::Model;
use chapters::service::Outcome;
use chapters::usage::Usage;
use clap::ValueEnum;
use crossbeam::channel::{self, Receiver, Sender};
use crossbeam::deque::{Steal, Stealer, Worker};
use crossbeam::select;

/// The number of jobs for each worker in `dealt`.
const EACH: u64 = 4;
/// The factor by which the jobs of the first share are larger.
const LARGER: f64 = 4.0;
/// The number of jobs with two halves, of which the pool runs the second.
const IN_HALVES: u64 = 4;
/// A waiting worker gives up after this many times its timeout.
const LONG: u32 = 25;

fn main() -> ExitCode {
    demos::main::<Pool>()
}

/// The parts of this example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pool {
    /// The jobs are dealt to the workers in advance
    Dealt,
    /// All jobs are on one queue
    Shared,
    /// An idle worker steals jobs from the others
    Stealing,
    /// Jobs wait for other jobs in the same pool
    Nested,
    /// A worker that waits for a job runs other jobs
    Helping,
}

impl Part for Pool {
    const PROGRAM: &'static str = "pools";
    const ABOUT: &'static str = "Shows how a pool of threads distributes its work";

    fn name(self) -> &'static str {
        match self {
            Pool::Dealt => "dealt",
            Pool::Shared => "shared",
            Pool::Stealing => "stealing",
            Pool::Nested => "nested",
            Pool::Helping => "helping",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Pool::Dealt => {
                "each worker gets four jobs in advance. The jobs of worker-1 are four times as large as the others."
            }
            Pool::Shared => "the same jobs, in the same order, on one queue. Each worker takes the next one from it.",
            Pool::Stealing => {
                "each worker gets the same four jobs as in the first part, and starts with the newest. A worker \
                 without jobs steals the oldest job of another worker."
            }
            Pool::Nested => {
                "four jobs have two halves. The worker that has done the first half puts the second half on the queue \
                 and waits until it is done. With four workers, no worker is left to run it: a deadlock, until they \
                 give up after a timeout."
            }
            Pool::Helping => "the same jobs, but a worker that waits for a half runs the jobs on the queue.",
        }
    }

    fn jobs(self, workers: u64) -> u64 {
        match self {
            Pool::Dealt | Pool::Shared | Pool::Stealing => EACH * workers,
            Pool::Nested | Pool::Helping => 2 * IN_HALVES,
        }
    }

    fn missing(self, model: Model) -> Option<&'static str> {
        (model != Model::Threads).then_some("these pools are made of threads")
    }

    fn perform(self, _: Spawner, demo: Demo) -> io::Result<Outcome> {
        let Demo { plan, jobs, trace, on_started } = demo;
        trace.service().record(Event::ServiceStarting);
        let workers = plan.workers as usize;
        let (halves, queue) = channel::unbounded();
        let roles = match self {
            Pool::Dealt => dealt(uneven(jobs)),
            Pool::Shared => shared(uneven(jobs), workers),
            Pool::Stealing => stealing(uneven(jobs)),
            Pool::Nested => in_halves(&jobs, halves, &queue, workers, wait),
            Pool::Helping => in_halves(&jobs, halves, &queue, workers, help),
        };
        let mut pool = Vec::new();
        for (id, role) in (0..).map(WorkerId).zip(roles) {
            let me = Me { id, workers, jobs: Vec::new(), scale: plan.scale, trace: trace.worker(id) };
            let work = move || {
                me.trace.record(Event::WorkerStarted);
                role(&me);
                me.trace.record(Event::WorkerFinished);
            };
            pool.push(thread::Builder::new().name(id.to_string()).spawn(work)?);
        }
        on_started(Box::new(|| ()))?;
        pool.into_iter().for_each(|thread| thread.join().expect("no role panics"));
        Ok(Outcome { left: queue.len() as u64, usage: Usage::of_this_process() })
    }
}

/// The work of one worker of a pool.
type Role = Box<dyn FnOnce(&Me) + Send>;

/// Enlarges the jobs in the first share.
fn uneven(mut jobs: Vec<Job>) -> Vec<Job> {
    jobs.iter_mut().take(EACH as usize).for_each(|job| job.size *= LARGER);
    jobs
}

/// Deals the jobs before any worker starts.
fn dealt(jobs: Vec<Job>) -> Vec<Role> {
    let shares = jobs.chunks(EACH as usize).map(<[Job]>::to_vec);
    shares.map(|mine| Box::new(move |me: &Me| mine.iter().for_each(|job| me.work(job))) as Role).collect()
}

/// Puts the jobs on one queue that all workers share.
fn shared(jobs: Vec<Job>, workers: usize) -> Vec<Role> {
    let (sender, queue) = channel::unbounded();
    jobs.into_iter().for_each(|job| sender.send(job).expect("there is a receiver"));
    let role = |queue: Receiver<Job>| Box::new(move |me: &Me| queue.iter().for_each(|job| me.work(&job))) as Role;
    (0..workers).map(|_| role(queue.clone())).collect()
}

// ANCHOR: stealing
/// Deals the jobs, and gives each worker access to the other workers' deques.
fn stealing(jobs: Vec<Job>) -> Vec<Role> {
    let shares: Vec<Worker<Job>> = jobs.chunks(EACH as usize).map(share).collect();
    let others: Arc<[Stealer<Job>]> = shares.iter().map(Worker::stealer).collect();
    let mut roles = Vec::<Role>::new();
    for mine in shares {
        let others = Arc::clone(&others);
        roles.push(Box::new(move |me| {
            while let Some(job) = next(&mine, &others) {
                me.work(&job);
            }
        }));
    }
    roles
}

/// The next job: the newest of the worker's own, or the oldest of another worker's.
fn next(mine: &Worker<Job>, others: &[Stealer<Job>]) -> Option<Job> {
    mine.pop().or_else(|| {
        let steal = || others.iter().map(Stealer::steal).collect::<Steal<Job>>();
        iter::repeat_with(steal).find(|found| !found.is_retry())?.success()
    })
}
// ANCHOR_END: stealing

/// A deque with these jobs, from which the owner takes the newest.
fn share(jobs: &[Job]) -> Worker<Job> {
    let deque = Worker::new_lifo();
    jobs.iter().for_each(|job| deque.push(*job));
    deque
}

/// A task of a pool whose jobs have halves.
enum Task {
    /// A job, its second half for the pool to run, and the queue's sender.
    Halves(Job, Job, Sender<Task>),
    /// A second half. Dropping the sender shows the waiting worker that it has ended.
    Half(Job, Sender<Infallible>),
}

/// Waits until a second half is done, and returns whether it is.
type Wait = fn(&Me, &Receiver<Task>, &Receiver<Infallible>) -> bool;

/// Puts jobs that have halves on a queue for all workers. When the last job is done, no more will come.
fn in_halves(jobs: &[Job], halves: Sender<Task>, queue: &Receiver<Task>, workers: usize, wait: Wait) -> Vec<Role> {
    let (first, second) = jobs.split_at(IN_HALVES as usize);
    for (first, second) in first.iter().zip(second) {
        halves.send(Task::Halves(*first, *second, halves.clone())).expect("there is a receiver");
    }
    let role = |queue: Receiver<Task>| {
        Box::new(move |me: &Me| _ = queue.iter().all(|task| perform(me, task, &queue, wait))) as Role
    };
    (0..workers).map(|_| role(queue.clone())).collect()
}

// ANCHOR: nested
/// Runs a task, and returns whether it is done.
fn perform(me: &Me, task: Task, queue: &Receiver<Task>, wait: Wait) -> bool {
    match task {
        Task::Half(job, _done) => {
            me.work(&job);
            true
        }
        Task::Halves(first, second, pool) => {
            me.work(&first);
            let (done, end) = channel::bounded(0);
            me.puts(&second);
            pool.send(Task::Half(second, done)).expect("this worker holds a receiver");
            me.waits(Resource::Event);
            let is_done = wait(me, queue, &end);
            me.resumes(Resource::Event);
            is_done
        }
    }
}
// ANCHOR_END: nested

/// Waits with a time limit, so that this program ends.
fn wait(me: &Me, _: &Receiver<Task>, end: &Receiver<Infallible>) -> bool {
    end.recv_timeout(me.wait_timeout() * LONG) == Err(channel::RecvTimeoutError::Disconnected)
}

// ANCHOR: helping
/// Waits, and runs other tasks of the pool while it waits.
fn help(me: &Me, queue: &Receiver<Task>, end: &Receiver<Infallible>) -> bool {
    loop {
        select! {
            recv(end) -> _ => return true,
            recv(queue) -> task => {
                me.resumes(Resource::Event);
                perform(me, task.expect("this task holds a sender"), queue, help);
                me.waits(Resource::Event);
            }
        }
    }
}
// ANCHOR_END: helping
