//! Many tasks want the same thing and are cancelled at random, on a pool of threads and on one.

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

use crate::explore::{now, tell};

/// How long one round may take.
const LIMIT: Duration = Duration::from_secs(30);
const ROUNDS: usize = 8;
const MANY_ROUNDS: usize = 2000;
const SEED: u64 = 4;
const STAYERS: usize = 3;
const VISITORS: usize = 10;

/// A place where tasks may be cancelled.
trait Place: Default + Send + Sync + 'static {
    /// What tasks that will be aborted do, again and again.
    fn visit(&self, hurry: &Hurry) -> impl Future<Output = ()> + Send;

    /// What must come to its end while the others are aborted.
    fn stay(&self) -> impl Future<Output = ()> + Send;

    /// What must be true when all have gone.
    fn check(&self);
}

/// Cancels what takes too long, by a random measure.
struct Hurry {
    random: Mutex<StdRng>,
    cancelled: Arc<AtomicUsize>,
}

impl Hurry {
    async fn up<T>(&self, coroutine: impl Future<Output = T>) -> Option<T> {
        let patience = self.random.lock().unwrap().random_range(0..3);
        let output = timeout(Duration::from_micros(patience * 700), coroutine).await.ok();
        if output.is_none() {
            self.cancelled.fetch_add(1, Ordering::Relaxed);
        }
        output
    }
}

/// Lets visitors come and aborts them, while some stay, until those are done.
async fn round<P: Place>(seed: u64) -> usize {
    let (place, cancelled) = (Arc::new(P::default()), Arc::<AtomicUsize>::default());
    let mut random = StdRng::seed_from_u64(seed);
    let start_stayer = |_| {
        let place = Arc::clone(&place);
        task::spawn(async move { place.stay().await })
    };
    let stayers: Vec<JoinHandle<()>> = (0..STAYERS).map(start_stayer).collect();
    let mut visitors = Vec::new();
    let begun = Instant::now();
    while !stayers.iter().all(JoinHandle::is_finished) && begun.elapsed() < LIMIT {
        let hurry = Hurry { random: StdRng::seed_from_u64(random.random()).into(), cancelled: Arc::clone(&cancelled) };
        visitors.push(task::spawn(visit(Arc::clone(&place), hurry)));
        if visitors.len() > VISITORS {
            abort(visitors.swap_remove(random.random_range(0..visitors.len())), &cancelled).await;
        }
        task::yield_now().await;
    }
    for visitor in visitors {
        abort(visitor, &cancelled).await;
    }
    for stayer in stayers {
        timeout(LIMIT, stayer).await.expect("nobody is stuck").unwrap();
    }
    place.check();
    cancelled.load(Ordering::Relaxed)
}

async fn visit<P: Place>(place: Arc<P>, hurry: Hurry) {
    loop {
        place.visit(&hurry).await;
        task::yield_now().await;
    }
}

async fn abort(visitor: JoinHandle<()>, cancelled: &AtomicUsize) {
    visitor.abort();
    assert!(visitor.await.unwrap_err().is_cancelled(), "nothing but a cancellation ends a visit");
    cancelled.fetch_add(1, Ordering::Relaxed);
}

fn storm<P: Place>(name: &'static str, rounds: usize) {
    let (done, told) = mpsc::channel();
    let stormer = thread::spawn(move || {
        for &runtime in Runtime::value_variants() {
            let mut cancelled = 0;
            let built = runtime.build().unwrap();
            for number in 0..rounds {
                cancelled += built.block_on(round::<P>(SEED + number as u64));
                done.send(()).unwrap();
            }
            tell(&format!("storm, {name}, {runtime:?}: {rounds} rounds, {cancelled} cancellations"));
        }
    });
    loop {
        match told.recv_timeout(2 * LIMIT) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: stuck"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    stormer.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
}

/// At most so many are inside.
#[derive(Default)]
struct Room {
    inside: AtomicUsize,
}

impl Room {
    async fn stay(&self, most: usize) {
        struct Inside<'a>(&'a AtomicUsize);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        assert!(self.inside.fetch_add(1, Ordering::Relaxed) < most);
        let _inside = Inside(&self.inside);
        task::yield_now().await;
    }
}

#[derive(Default)]
struct Locked {
    lock: Lock,
    room: Room,
}

impl Place for Locked {
    async fn visit(&self, hurry: &Hurry) {
        if let Some(_guard) = hurry.up(self.lock.acquire()).await {
            self.room.stay(1).await;
        }
    }

    async fn stay(&self) {
        for _ in 0..50 {
            let _guard = self.lock.acquire_timeout(LIMIT).await.expect("the lock comes round");
            self.room.stay(1).await;
        }
    }

    fn check(&self) {
        assert!(!self.lock.is_locked() && self.lock.try_acquire().is_some());
    }
}

#[derive(Default)]
struct Relocked {
    lock: RLock,
    room: Room,
}

impl Place for Relocked {
    async fn visit(&self, hurry: &Hurry) {
        if let Some(_guard) = hurry.up(self.lock.acquire()).await {
            let _again = self.lock.acquire().await;
            self.room.stay(1).await;
        }
    }

    async fn stay(&self) {
        for _ in 0..50 {
            let _guard = self.lock.acquire_timeout(LIMIT).await.expect("the lock comes round");
            self.room.stay(1).await;
        }
    }

    fn check(&self) {
        assert!(!self.lock.is_locked() && self.lock.try_acquire().is_some());
    }
}

struct Limited {
    semaphore: Semaphore,
    room: Room,
}

impl Default for Limited {
    fn default() -> Self {
        Self { semaphore: Semaphore::new(2), room: Room::default() }
    }
}

impl Place for Limited {
    async fn visit(&self, hurry: &Hurry) {
        if let Some(_permit) = hurry.up(self.semaphore.acquire()).await {
            self.room.stay(2).await;
        }
    }

    async fn stay(&self) {
        for _ in 0..50 {
            let _permit = self.semaphore.acquire_timeout(LIMIT).await.expect("a permit comes round");
            self.room.stay(2).await;
        }
    }

    fn check(&self) {
        assert_eq!(self.semaphore.available(), 2);
    }
}

/// Coins are put down one by one, each with a notification, and taken one by one. Those who stay put down as many as they
/// take, so one comes whenever they wait; visitors put the coin that they find down again in the same moment.
#[derive(Default)]
struct Table {
    coins: Lock<usize>,
    added: Condition,
}

impl Table {
    async fn take(&self) {
        *self.added.wait_for(self.coins.acquire().await, |coins| *coins > 0).await -= 1;
    }

    async fn add(&self) {
        *self.coins.acquire().await += 1;
        self.added.notify(1);
    }
}

impl Place for Table {
    async fn visit(&self, hurry: &Hurry) {
        let take_and_add = async {
            drop(self.added.wait_for(self.coins.acquire().await, |coins| *coins > 0).await);
            self.added.notify(1);
        };
        hurry.up(take_and_add).await;
    }

    async fn stay(&self) {
        self.add().await;
        for _ in 0..50 {
            self.take().await;
            task::yield_now().await; // with a coin in the hand
            self.add().await;
        }
    }

    fn check(&self) {
        assert_eq!(*self.coins.try_acquire().expect("nobody has the lock"), 3);
    }
}

/// Every task waits for a flag that those who stay set and clear in turn.
#[derive(Default)]
struct Signalled {
    event: Event,
}

impl Place for Signalled {
    async fn visit(&self, hurry: &Hurry) {
        hurry.up(self.event.wait()).await;
    }

    async fn stay(&self) {
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

/// Those who stay are enough to let each other pass, whoever leaves.
struct Met {
    barrier: Barrier,
    staying: AtomicUsize,
}

impl Default for Met {
    fn default() -> Self {
        Self { barrier: Barrier::new(3), staying: AtomicUsize::new(3) }
    }
}

impl Place for Met {
    async fn visit(&self, hurry: &Hurry) {
        if let Some(told) = hurry.up(self.barrier.wait()).await {
            assert!(told.is_ok(), "a cancellation breaks nothing");
        }
    }

    async fn stay(&self) {
        for _ in 0..50 {
            assert!(self.barrier.wait().await.unwrap() < 3);
            task::yield_now().await;
        }
        // The last one may meet nobody any more; until then, those who have finished help the others.
        self.staying.fetch_sub(1, Ordering::Relaxed);
        while self.staying.load(Ordering::Relaxed) > 0 {
            let _ = timeout(Duration::from_millis(1), self.barrier.wait()).await;
        }
    }

    fn check(&self) {
        assert!(!self.barrier.is_broken());
        assert_eq!(self.barrier.n_waiting(), 0);
    }
}

/// What is put is noted down in the same moment, and so is what is got.
struct Queued {
    queue: Queue<usize>,
    next: AtomicUsize,
    put: Mutex<Vec<usize>>,
    got: Mutex<Vec<usize>>,
    staying: AtomicUsize,
}

impl Default for Queued {
    fn default() -> Self {
        let (put, got) = (Mutex::default(), Mutex::default());
        Self { queue: Queue::new(2), next: AtomicUsize::new(0), put, got, staying: AtomicUsize::new(3) }
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
        self.got.lock().unwrap().extend(item);
        if item.is_ok() {
            self.queue.task_done().unwrap();
        }
    }
}

impl Place for Queued {
    async fn visit(&self, hurry: &Hurry) {
        if hurry.up(self.put()).await.is_some() {
            hurry.up(self.get()).await;
        }
        hurry.up(self.queue.join()).await;
    }

    async fn stay(&self) {
        for _ in 0..50 {
            tokio::join!(self.put(), self.get());
            task::yield_now().await;
        }
        if self.staying.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.shutdown(false);
        }
    }

    fn check(&self) {
        while let Ok(item) = self.queue.try_get() {
            self.got.lock().unwrap().push(item);
            self.queue.task_done().unwrap();
        }
        let (mut put, mut got) = (self.put.lock().unwrap(), self.got.lock().unwrap());
        put.sort();
        got.sort();
        assert!(*put == *got, "what came out is what went in");
        assert!(now(self.queue.join()).is_some(), "all is done");
    }
}

#[test]
fn on_a_lock() {
    storm::<Locked>("Lock", ROUNDS);
}

#[test]
fn on_an_rlock() {
    storm::<Relocked>("RLock", ROUNDS);
}

#[test]
fn on_a_semaphore() {
    storm::<Limited>("Semaphore", ROUNDS);
}

#[test]
fn on_a_condition() {
    storm::<Table>("Condition", ROUNDS);
}

#[test]
fn on_an_event() {
    storm::<Signalled>("Event", ROUNDS);
}

#[test]
fn on_a_barrier() {
    storm::<Met>("Barrier", ROUNDS);
}

#[test]
fn on_a_queue() {
    storm::<Queued>("Queue", ROUNDS);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn on_everything_for_long() {
    storm::<Locked>("Lock", MANY_ROUNDS);
    storm::<Relocked>("RLock", MANY_ROUNDS);
    storm::<Limited>("Semaphore", MANY_ROUNDS);
    storm::<Table>("Condition", MANY_ROUNDS);
    storm::<Signalled>("Event", MANY_ROUNDS);
    storm::<Met>("Barrier", MANY_ROUNDS);
    storm::<Queued>("Queue", MANY_ROUNDS);
}
