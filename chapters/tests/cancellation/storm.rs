//! Many tasks that share a primitive and are canceled at random, on a pool of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chapters::coroutines::{Barrier, BoundedSemaphore, Condition, Event, Lock, Queue, Runtime};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::{self, JoinHandle};
use tokio::time::timeout;

use crate::explore::{Notes, now};
use crate::limit::{Limit, Section, Twice};

/// How long one round may take.
const TIMEOUT: Duration = Duration::from_secs(90);
const ROUNDS: u64 = 8;
const MANY_ROUNDS: u64 = 300;
const SEED: u64 = 4;
const WORKERS: usize = 3;
const VICTIMS: usize = 10;

/// The shared state of a storm.
trait Scenario: Send + Sync + 'static {
    fn new() -> Self;

    /// The loop body of a victim, a task that will be aborted.
    fn victim(&self, timeouts: &Timeouts) -> impl Future<Output = ()> + Send;

    /// The body of a worker, a task that must finish while victims are aborted.
    fn worker(&self) -> impl Future<Output = ()> + Send;

    /// Checks the state after all tasks have ended.
    fn check(&self);
}

/// Random timeouts.
struct Timeouts(Mutex<StdRng>);

impl Timeouts {
    /// Awaits `future`, or cancels it after a random time.
    async fn apply<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let limit = self.0.lock().unwrap().random_range(0..3);
        timeout(Duration::from_micros(limit * 700), future).await.ok()
    }
}

/// Starts victims and aborts them until all workers have finished.
async fn round<S: Scenario>(seed: u64) {
    let scenario = Arc::new(S::new());
    let mut random = StdRng::seed_from_u64(seed);
    let start_worker = |_| {
        let scenario = Arc::clone(&scenario);
        task::spawn(async move { scenario.worker().await })
    };
    let workers: Vec<JoinHandle<()>> = (0..WORKERS).map(start_worker).collect();
    let mut victims = Vec::new();
    let begun = Instant::now();
    while !workers.iter().all(JoinHandle::is_finished) && begun.elapsed() < TIMEOUT {
        let (scenario, timeouts) = (Arc::clone(&scenario), Timeouts(StdRng::seed_from_u64(random.random()).into()));
        victims.push(task::spawn(async move {
            loop {
                scenario.victim(&timeouts).await;
                task::yield_now().await;
            }
        }));
        if victims.len() > VICTIMS {
            abort(victims.swap_remove(random.random_range(0..victims.len()))).await;
        }
        task::yield_now().await;
    }
    for victim in victims {
        abort(victim).await;
    }
    for worker in workers {
        timeout(TIMEOUT, worker).await.expect("every worker finishes").unwrap();
    }
    scenario.check();
}

async fn abort(victim: JoinHandle<()>) {
    victim.abort();
    assert!(victim.await.unwrap_err().is_cancelled(), "a victim ends only by cancellation");
}

fn storm<S: Scenario>(rounds: u64) {
    let pool = Runtime::MultiThread.build().unwrap();
    (0..rounds).for_each(|number| pool.block_on(round::<S>(SEED + number)));
}

impl<L: Limit> Scenario for Section<L> {
    fn new() -> Self {
        Self::default()
    }

    async fn victim(&self, timeouts: &Timeouts) {
        if let Some(held) = timeouts.apply(self.limit.acquire()).await {
            self.enter(held).await;
        }
    }

    async fn worker(&self) {
        for _ in 0..50 {
            self.enter(self.limit.acquire_timeout(TIMEOUT).await.expect("the worker gets in")).await;
        }
    }

    fn check(&self) {
        assert!(self.limit.is_free());
    }
}

/// Jobs are added one by one, each with a notification, and taken one by one. A worker adds as many jobs as it takes,
/// so there will be one whenever a worker waits. A victim leaves the job that it finds, and passes the notification on.
struct Jobs {
    jobs: Lock<usize>,
    added: Condition,
}

impl Jobs {
    async fn add(&self) {
        *self.jobs.acquire().await += 1;
        self.added.notify(1);
    }
}

impl Scenario for Jobs {
    fn new() -> Self {
        Self { jobs: Lock::guarding(0), added: Condition::new() }
    }

    async fn victim(&self, timeouts: &Timeouts) {
        let find = async {
            drop(self.added.wait_for(self.jobs.acquire().await, |jobs| *jobs > 0).await);
            self.added.notify(1);
        };
        timeouts.apply(find).await;
    }

    async fn worker(&self) {
        self.add().await;
        for _ in 0..50 {
            *self.added.wait_for(self.jobs.acquire().await, |jobs| *jobs > 0).await -= 1;
            task::yield_now().await; // holding a job
            self.add().await;
        }
    }

    fn check(&self) {
        assert_eq!(*self.jobs.try_acquire().expect("the lock is free"), WORKERS);
    }
}

/// All tasks wait for an event that the workers set and clear.
impl Scenario for Event {
    fn new() -> Self {
        Event::new()
    }

    async fn victim(&self, timeouts: &Timeouts) {
        timeouts.apply(self.wait()).await;
    }

    async fn worker(&self) {
        for _ in 0..50 {
            let set = async {
                self.set();
                task::yield_now().await;
            };
            tokio::join!(self.wait(), set);
            self.clear();
            task::yield_now().await;
        }
    }

    fn check(&self) {
        assert!(!self.is_set());
    }
}

/// The workers are enough parties to pass, even if all victims leave.
struct Met {
    barrier: Barrier,
    working: AtomicUsize,
}

impl Scenario for Met {
    fn new() -> Self {
        Self { barrier: Barrier::new(WORKERS), working: AtomicUsize::new(WORKERS) }
    }

    async fn victim(&self, timeouts: &Timeouts) {
        if let Some(result) = timeouts.apply(self.barrier.wait()).await {
            assert!(result.is_ok(), "a cancellation doesn't break the barrier");
        }
    }

    async fn worker(&self) {
        for _ in 0..50 {
            assert!(self.barrier.wait().await.unwrap() < WORKERS);
            task::yield_now().await;
        }
        // Workers that have finished go on arriving until the last one has finished, which needs them to pass.
        self.working.fetch_sub(1, Ordering::Relaxed);
        while self.working.load(Ordering::Relaxed) > 0 {
            let _ = timeout(Duration::from_millis(1), self.barrier.wait()).await;
        }
    }

    fn check(&self) {
        assert!(!self.barrier.is_broken());
        assert_eq!(self.barrier.n_waiting(), 0);
    }
}

/// A queue, and the items that were put and taken.
struct Queued {
    queue: Queue<usize>,
    next: AtomicUsize,
    put: Notes<usize>,
    taken: Notes<usize>,
    working: AtomicUsize,
}

impl Queued {
    async fn put(&self) {
        let item = self.next.fetch_add(1, Ordering::Relaxed);
        if self.queue.put(item).await.is_ok() {
            self.put.add(item);
        }
    }

    async fn get(&self) {
        if let Ok(item) = self.queue.get().await {
            self.taken.add(item);
            self.queue.task_done().unwrap();
        }
    }
}

impl Scenario for Queued {
    fn new() -> Self {
        let (put, taken) = (Notes::default(), Notes::default());
        Self { queue: Queue::new(2), next: AtomicUsize::new(0), put, taken, working: AtomicUsize::new(WORKERS) }
    }

    async fn victim(&self, timeouts: &Timeouts) {
        if timeouts.apply(self.put()).await.is_some() {
            timeouts.apply(self.get()).await;
        }
        timeouts.apply(self.queue.join()).await;
    }

    async fn worker(&self) {
        for _ in 0..50 {
            tokio::join!(self.put(), self.get());
            task::yield_now().await;
        }
        if self.working.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.shutdown(false);
        }
    }

    fn check(&self) {
        while let Ok(item) = self.queue.try_get() {
            self.taken.add(item);
            self.queue.task_done().unwrap();
        }
        let (mut put, mut taken) = (self.put.all(), self.taken.all());
        put.sort();
        taken.sort();
        assert!(put == taken, "the same items were put and taken");
        assert!(now(self.queue.join()).is_some(), "all tasks are done");
    }
}

macro_rules! storms {
    ($($test:ident: $scenario:ty;)+) => {
        $(#[test]
        fn $test() {
            storm::<$scenario>(ROUNDS);
        })+

        #[test]
        #[ignore = "long: run by .ci/run"]
        fn on_everything_for_long() {
            $(storm::<$scenario>(MANY_ROUNDS);)+
        }
    };
}
storms! {
    on_a_lock: Section<Lock>;
    on_an_rlock: Section<Twice>;
    on_a_semaphore: Section<BoundedSemaphore>;
    on_a_condition: Jobs;
    on_an_event: Event;
    on_a_barrier: Met;
    on_a_queue: Queued;
}
