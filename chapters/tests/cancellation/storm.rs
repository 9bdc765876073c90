//! Many tasks that share a primitive and are cancelled at random, on a pool of threads and on one thread.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chapters::coroutines::{Barrier, Condition, Event, Lock, Queue, RLock, Runtime, Semaphore};
use clap::ValueEnum;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::{self, JoinHandle};
use tokio::time::timeout;

use crate::explore::{now, report};

/// How long one round may take.
const TIMEOUT: Duration = Duration::from_secs(90);
const ROUNDS: usize = 8;
const MANY_ROUNDS: usize = 300;
const SEED: u64 = 4;
const WORKERS: usize = 3;
const VICTIMS: usize = 10;

/// The shared state of a storm.
trait Scenario: Default + Send + Sync + 'static {
    /// The loop body of a victim, a task that will be aborted.
    fn victim(&self, timeouts: &Timeouts) -> impl Future<Output = ()> + Send;

    /// The body of a worker, a task that must finish while victims are aborted.
    fn worker(&self) -> impl Future<Output = ()> + Send;

    /// Checks the state after all tasks have ended.
    fn check(&self);
}

/// Random timeouts.
struct Timeouts {
    random: Mutex<StdRng>,
    cancelled: Arc<AtomicUsize>,
}

impl Timeouts {
    /// Awaits `future`, or cancels it after a random time.
    async fn apply<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let limit = self.random.lock().unwrap().random_range(0..3);
        let output = timeout(Duration::from_micros(limit * 700), future).await.ok();
        if output.is_none() {
            self.cancelled.fetch_add(1, Ordering::Relaxed);
        }
        output
    }
}

/// Starts victims and aborts them until all workers have finished, and returns the number of cancellations.
async fn round<S: Scenario>(seed: u64) -> usize {
    let (scenario, cancelled) = (Arc::new(S::default()), Arc::<AtomicUsize>::default());
    let mut random = StdRng::seed_from_u64(seed);
    let start_worker = |_| {
        let scenario = Arc::clone(&scenario);
        task::spawn(async move { scenario.worker().await })
    };
    let workers: Vec<JoinHandle<()>> = (0..WORKERS).map(start_worker).collect();
    let mut victims = Vec::new();
    let begun = Instant::now();
    while !workers.iter().all(JoinHandle::is_finished) && begun.elapsed() < TIMEOUT {
        let timeouts =
            Timeouts { random: StdRng::seed_from_u64(random.random()).into(), cancelled: Arc::clone(&cancelled) };
        victims.push(task::spawn(run_victim(Arc::clone(&scenario), timeouts)));
        if victims.len() > VICTIMS {
            abort(victims.swap_remove(random.random_range(0..victims.len())), &cancelled).await;
        }
        task::yield_now().await;
    }
    for victim in victims {
        abort(victim, &cancelled).await;
    }
    for worker in workers {
        timeout(TIMEOUT, worker).await.expect("every worker finishes").unwrap();
    }
    scenario.check();
    cancelled.load(Ordering::Relaxed)
}

async fn run_victim<S: Scenario>(scenario: Arc<S>, timeouts: Timeouts) {
    loop {
        scenario.victim(&timeouts).await;
        task::yield_now().await;
    }
}

async fn abort(victim: JoinHandle<()>, cancelled: &AtomicUsize) {
    victim.abort();
    assert!(victim.await.unwrap_err().is_cancelled(), "a victim ends only by cancellation");
    cancelled.fetch_add(1, Ordering::Relaxed);
}

fn storm<S: Scenario>(name: &'static str, rounds: usize) {
    let (done, finished) = mpsc::channel();
    let storm = thread::spawn(move || {
        for &runtime in Runtime::value_variants() {
            let mut cancelled = 0;
            let built = runtime.build().unwrap();
            for number in 0..rounds {
                cancelled += built.block_on(round::<S>(SEED + number as u64));
                done.send(()).unwrap();
            }
            report(&format!("storm, {name}, {runtime:?}: {rounds} rounds, {cancelled} cancellations"));
        }
    });
    loop {
        match finished.recv_timeout(2 * TIMEOUT) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: stuck"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    storm.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
}

/// A section of code that at most a number of tasks may be in.
#[derive(Default)]
struct Section {
    inside: AtomicUsize,
}

impl Section {
    async fn enter(&self, limit: usize) {
        struct Inside<'a>(&'a AtomicUsize);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        assert!(self.inside.fetch_add(1, Ordering::Relaxed) < limit);
        let _inside = Inside(&self.inside);
        task::yield_now().await;
    }
}

/// At most one task at a time is in the section. With an `RLock`, a victim acquires it twice.
macro_rules! locked {
    ($($scenario:ident: $lock:ident, |$it:ident| $again:expr;)+) => {$(
        #[derive(Default)]
        struct $scenario {
            lock: $lock,
            section: Section,
        }

        impl Scenario for $scenario {
            async fn victim(&self, timeouts: &Timeouts) {
                let $it = &self.lock;
                if let Some(_guard) = timeouts.apply($it.acquire()).await {
                    let _again = $again;
                    self.section.enter(1).await;
                }
            }

            async fn worker(&self) {
                for _ in 0..50 {
                    let _guard = self.lock.acquire_timeout(TIMEOUT).await.expect("the worker gets the lock");
                    self.section.enter(1).await;
                }
            }

            fn check(&self) {
                assert!(!self.lock.is_locked() && self.lock.try_acquire().is_some());
            }
        }
    )+};
}
locked! {
    Locked: Lock, |lock| lock.is_locked();
    Relocked: RLock, |lock| lock.acquire().await;
}

struct Limited {
    semaphore: Semaphore,
    section: Section,
}

impl Default for Limited {
    fn default() -> Self {
        Self { semaphore: Semaphore::new(2), section: Section::default() }
    }
}

impl Scenario for Limited {
    async fn victim(&self, timeouts: &Timeouts) {
        if let Some(_permit) = timeouts.apply(self.semaphore.acquire()).await {
            self.section.enter(2).await;
        }
    }

    async fn worker(&self) {
        for _ in 0..50 {
            let _permit = self.semaphore.acquire_timeout(TIMEOUT).await.expect("the worker gets a permit");
            self.section.enter(2).await;
        }
    }

    fn check(&self) {
        assert_eq!(self.semaphore.available(), 2);
    }
}

/// Jobs are added one by one, each with a notification, and taken one by one. A worker adds as many jobs as it takes,
/// so there will be one whenever a worker waits. A victim leaves the job that it finds, and passes the notification on.
#[derive(Default)]
struct Jobs {
    jobs: Lock<usize>,
    added: Condition,
}

impl Jobs {
    async fn take(&self) {
        *self.added.wait_for(self.jobs.acquire().await, |jobs| *jobs > 0).await -= 1;
    }

    async fn add(&self) {
        *self.jobs.acquire().await += 1;
        self.added.notify(1);
    }
}

impl Scenario for Jobs {
    async fn victim(&self, timeouts: &Timeouts) {
        let take_and_add = async {
            drop(self.added.wait_for(self.jobs.acquire().await, |jobs| *jobs > 0).await);
            self.added.notify(1);
        };
        timeouts.apply(take_and_add).await;
    }

    async fn worker(&self) {
        self.add().await;
        for _ in 0..50 {
            self.take().await;
            task::yield_now().await; // holding a job
            self.add().await;
        }
    }

    fn check(&self) {
        assert_eq!(*self.jobs.try_acquire().expect("the lock is free"), 3);
    }
}

/// All tasks wait for an event that the workers set and clear.
#[derive(Default)]
struct Signaled {
    event: Event,
}

impl Scenario for Signaled {
    async fn victim(&self, timeouts: &Timeouts) {
        timeouts.apply(self.event.wait()).await;
    }

    async fn worker(&self) {
        for _ in 0..50 {
            let set = async {
                self.event.set();
                task::yield_now().await;
            };
            tokio::join!(self.event.wait(), set);
            self.event.clear();
            task::yield_now().await;
        }
    }

    fn check(&self) {
        assert!(!self.event.is_set());
    }
}

/// The workers are enough parties to pass, even if all victims leave.
struct Met {
    barrier: Barrier,
    working: AtomicUsize,
}

impl Default for Met {
    fn default() -> Self {
        Self { barrier: Barrier::new(3), working: AtomicUsize::new(3) }
    }
}

impl Scenario for Met {
    async fn victim(&self, timeouts: &Timeouts) {
        if let Some(result) = timeouts.apply(self.barrier.wait()).await {
            assert!(result.is_ok(), "a cancellation doesn't break the barrier");
        }
    }

    async fn worker(&self) {
        for _ in 0..50 {
            assert!(self.barrier.wait().await.unwrap() < 3);
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
    put: Mutex<Vec<usize>>,
    taken: Mutex<Vec<usize>>,
    working: AtomicUsize,
}

impl Default for Queued {
    fn default() -> Self {
        let (put, taken) = (Mutex::default(), Mutex::default());
        Self { queue: Queue::new(2), next: AtomicUsize::new(0), put, taken, working: AtomicUsize::new(3) }
    }
}

impl Queued {
    async fn put(&self) {
        let item = self.next.fetch_add(1, Ordering::Relaxed);
        if self.queue.put(item).await.is_ok() {
            self.put.lock().unwrap().push(item);
        }
    }

    async fn get(&self) {
        let item = self.queue.get().await;
        self.taken.lock().unwrap().extend(item);
        if item.is_ok() {
            self.queue.task_done().unwrap();
        }
    }
}

impl Scenario for Queued {
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
            self.taken.lock().unwrap().push(item);
            self.queue.task_done().unwrap();
        }
        let (mut put, mut taken) = (self.put.lock().unwrap(), self.taken.lock().unwrap());
        put.sort();
        taken.sort();
        assert!(*put == *taken, "the same items were put and taken");
        assert!(now(self.queue.join()).is_some(), "all tasks are done");
    }
}

macro_rules! storms {
    ($($test:ident: $scenario:ident;)+) => {
        $(#[test]
        fn $test() {
            storm::<$scenario>(stringify!($scenario), ROUNDS);
        })+

        #[test]
        #[ignore = "long: run by .ci/run"]
        fn on_everything_for_long() {
            $(storm::<$scenario>(stringify!($scenario), MANY_ROUNDS);)+
        }
    };
}
storms! {
    on_a_lock: Locked;
    on_an_rlock: Relocked;
    on_a_semaphore: Limited;
    on_a_condition: Jobs;
    on_an_event: Signaled;
    on_a_barrier: Met;
    on_a_queue: Queued;
}
