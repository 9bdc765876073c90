//! Plays scenarios in every order, with cancellations at every step.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use std::future::poll_fn;

use chapters::coroutines::Runtime;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::{task, time};

/// Longer than any timeout that a scenario has: by so much the clock is put forward, which otherwise stands still.
pub const LONG: Duration = Duration::from_secs(1000);

/// How long an exploration may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How many plays there are on a pool, where a step takes a hundred times longer.
const ON_A_POOL: usize = 100;
const MANY_ON_A_POOL: usize = 300;
/// How many actors are cancelled where somebody waits. Where nobody does, `CI` is set, and as many as a scenario says.
const ENOUGH: usize = 1;
static NOBODY_WAITS: LazyLock<bool> = LazyLock::new(|| env::var_os("CI").is_some());
const SEED: u64 = 4;
/// More steps than any play has that ends.
const MOST_STEPS: usize = 1000;

/// What may happen to the actors, besides being run.
#[derive(Clone, Copy)]
pub struct Fate {
    /// How many of them may be cancelled.
    pub cancellations: usize,
    /// Whether their timeouts may pass: all at once, at any step.
    pub timeouts: bool,
}

pub const TWO: Fate = Fate { cancellations: 2, timeouts: false };
pub const ONE_OR_TIMEOUT: Fate = Fate { cancellations: 1, timeouts: true };

/// What became of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Cancelled,
    /// Waits, and nobody is left who could wake it.
    Stuck,
}

type Coroutine = Pin<Box<dyn Future<Output = ()> + Send>>;
pub type Check = Box<dyn FnOnce(&[End])>;

/// The coroutines of a scenario.
#[derive(Default)]
pub struct Stage {
    actors: Vec<Actor>,
}

struct Actor {
    coroutine: Coroutine,
    is_steady: bool,
}

impl Stage {
    /// Adds a coroutine that may be cancelled.
    pub fn actor(&mut self, coroutine: impl Future<Output = ()> + Send + 'static) {
        self.actors.push(Actor { coroutine: Box::pin(coroutine), is_steady: false });
    }

    /// Adds a coroutine that is never cancelled.
    pub fn steady(&mut self, coroutine: impl Future<Output = ()> + Send + 'static) {
        self.actors.push(Actor { coroutine: Box::pin(coroutine), is_steady: true });
    }
}

/// Lets the others run, if the explorer wants to.
pub async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What a coroutine returns if it need not wait for others.
pub fn now<T>(coroutine: impl Future<Output = T>) -> Option<T> {
    // Not held to what tokio lets a task do at a stretch: who has done all of it would have to wait for the runtime.
    let mut coroutine = pin!(task::unconstrained(coroutine));
    for _ in 0..MOST_STEPS {
        if let Poll::Ready(output) = coroutine.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
    }
    None
}

/// Plays a scenario in every order on one thread, then in some orders on a pool, and checks how each play ends.
///
/// On one thread the clock is the test's own and stands still, so timeouts are tried there alone.
pub fn explore(name: &'static str, fate: Fate, scenario: fn(&mut Stage) -> Check) {
    let (fate, on_a_pool) = match *NOBODY_WAITS {
        true => (fate, MANY_ON_A_POOL),
        false => (Fate { cancellations: fate.cancellations.min(ENOUGH), ..fate }, ON_A_POOL),
    };
    let (done, told) = mpsc::channel();
    let explorer = thread::spawn(move || {
        let one = Runtime::CurrentThread.build().unwrap();
        tell(&format!("{name}, every order: {}", one.block_on(explore_all(Choices::every(), fate, scenario))));
        if !fate.timeouts {
            let pool = Runtime::MultiThread.build().unwrap();
            let count = pool.block_on(explore_all(Choices::random(on_a_pool), fate, scenario));
            tell(&format!("{name}, on a pool: {count}"));
        }
        done.send(()).unwrap();
    });
    match told.recv_timeout(LIMIT) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: stuck"),
        _ => explorer.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
    }
}

/// Writes a line that shows even if the test passes.
pub fn tell(line: &str) {
    io::stderr().write_all(format!("cancellation: {line}\n").as_bytes()).unwrap();
}

async fn explore_all(mut choices: Choices, fate: Fate, scenario: fn(&mut Stage) -> Check) -> Count {
    if fate.timeouts {
        time::pause();
    }
    let mut count = Count::default();
    loop {
        let mut stage = Stage::default();
        let check = scenario(&mut stage);
        let mut play = Play::start(stage, fate);
        play.run(&mut choices).await;
        count.plays += 1;
        count.cancellations += play.cancelled;
        play.check(check).await;
        if !choices.next() {
            return count;
        }
    }
}

#[derive(Default)]
struct Count {
    plays: usize,
    cancellations: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} orders, {} cancellations", self.plays, self.cancellations)
    }
}

/// The way through the tree of all plays.
enum Choices {
    /// One way after the other: at each step, which of how many.
    Every {
        path: Vec<(usize, usize)>,
        depth: usize,
    },
    Random {
        random: Box<StdRng>,
        left: usize,
    },
}

impl Choices {
    fn every() -> Self {
        Self::Every { path: Vec::new(), depth: 0 }
    }

    fn random(plays: usize) -> Self {
        Self::Random { random: Box::new(StdRng::seed_from_u64(SEED)), left: plays }
    }

    fn choose(&mut self, among: usize) -> usize {
        match self {
            Self::Every { path, depth } => {
                if *depth == path.len() {
                    path.push((0, among));
                }
                let (choice, known) = path[*depth];
                assert_eq!(known, among, "the same steps lead to the same place");
                *depth += 1;
                choice
            }
            Self::Random { random, .. } => random.random_range(0..among),
        }
    }

    /// Turns to the next play, if there is one.
    fn next(&mut self) -> bool {
        match self {
            Self::Every { path, depth } => {
                *depth = 0;
                while path.pop_if(|(choice, among)| *choice + 1 == *among).is_some() {}
                path.last_mut().map(|(choice, _)| *choice += 1).is_some()
            }
            Self::Random { left, .. } => {
                *left -= 1;
                *left > 0
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Run(usize),
    Cancel(usize),
    PassTimeouts,
    Finish,
}

/// One play.
struct Play {
    fate: Fate,
    cast: Vec<Part>,
    steps: Vec<Step>,
    cancelled: usize,
    timeouts_passed: bool,
}

/// An actor on the stage: a task of its own, which does nothing but what it is told.
struct Part {
    is_steady: bool,
    is_woken: Arc<Woken>,
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    reports: tokio::sync::mpsc::UnboundedReceiver<thread::Result<Poll<()>>>,
    end: Option<End>,
}

enum Order {
    Run,
    Drop,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Play {
    fn start(stage: Stage, fate: Fate) -> Self {
        let cast = stage.actors.into_iter().map(Part::start).collect();
        Self { fate, cast, steps: Vec::new(), cancelled: 0, timeouts_passed: false }
    }

    async fn run(&mut self, choices: &mut Choices) {
        loop {
            let possible = self.possible();
            let step = possible[choices.choose(possible.len())];
            self.steps.push(step);
            assert!(self.steps.len() < MOST_STEPS, "this never ends: {self:?}");
            match step {
                Step::Run(actor) => {
                    self.cast[actor].is_woken.0.store(false, Ordering::Relaxed);
                    if self.order(actor, Order::Run).await.is_ready() {
                        self.cast[actor].end = Some(End::Done);
                    }
                }
                Step::Cancel(actor) => {
                    self.cast[actor].end = Some(End::Cancelled);
                    self.cancelled += 1;
                    let _ = self.order(actor, Order::Drop).await;
                }
                Step::PassTimeouts => {
                    self.timeouts_passed = true;
                    time::advance(LONG).await;
                }
                Step::Finish => return,
            }
        }
    }

    /// What may happen next: who was woken may run, and who has not ended may be cancelled.
    fn possible(&self) -> Vec<Step> {
        let acting = || self.cast.iter().enumerate().filter(|(_, part)| part.end.is_none());
        let woken = acting().filter(|(_, part)| part.is_woken.0.load(Ordering::Relaxed));
        let mut steps: Vec<Step> = woken.map(|(actor, _)| Step::Run(actor)).collect();
        if steps.is_empty() {
            steps.push(Step::Finish);
        }
        if self.cancelled < self.fate.cancellations {
            let victims = acting().filter(|(_, part)| !part.is_steady);
            steps.extend(victims.map(|(actor, _)| Step::Cancel(actor)));
        }
        if self.fate.timeouts && !self.timeouts_passed && acting().next().is_some() {
            steps.push(Step::PassTimeouts);
        }
        steps
    }

    async fn order(&mut self, actor: usize, order: Order) -> Poll<()> {
        let part = &mut self.cast[actor];
        assert!(part.orders.send(order).is_ok());
        match part.reports.recv().await.expect("the part is played") {
            Ok(poll) => poll,
            Err(panicked) => {
                eprintln!("{self:?}");
                panic::resume_unwind(panicked)
            }
        }
    }

    async fn check(mut self, check: Check) {
        let ends: Vec<End> = self.cast.iter().map(|part| part.end.unwrap_or(End::Stuck)).collect();
        if let Err(panicked) = panic::catch_unwind(AssertUnwindSafe(|| check(&ends))) {
            eprintln!("{self:?} {ends:?}");
            panic::resume_unwind(panicked);
        }
        for (actor, _) in ends.iter().enumerate().filter(|(_, end)| **end == End::Stuck) {
            let _ = self.order(actor, Order::Drop).await;
        }
    }
}

impl fmt::Debug for Play {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:?}", self.steps)
    }
}

impl Part {
    fn start(Actor { coroutine, is_steady }: Actor) -> Self {
        let is_woken = Arc::new(Woken(AtomicBool::new(true)));
        let (orders, mut to_do) = tokio::sync::mpsc::unbounded_channel();
        let (report, reports) = tokio::sync::mpsc::unbounded_channel();
        let waker = Waker::from(Arc::clone(&is_woken));
        task::spawn(async move {
            let mut coroutine = Some(coroutine);
            while let (Some(order), Some(played)) = (to_do.recv().await, &mut coroutine) {
                let play = AssertUnwindSafe(|| played.as_mut().poll(&mut Context::from_waker(&waker)));
                let poll = match order {
                    Order::Run => panic::catch_unwind(play),
                    Order::Drop => Ok(Poll::Ready(())),
                };
                if !matches!(poll, Ok(Poll::Pending)) {
                    coroutine = None;
                }
                if report.send(poll).is_err() {
                    return;
                }
            }
        });
        Self { is_steady, is_woken, orders, reports, end: None }
    }
}

/// Notes down what happens in a play, in order.
#[derive(Debug)]
pub struct Notes<T>(Mutex<Vec<T>>);

impl<T> Default for Notes<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Notes<T> {
    pub fn add(&self, note: T) {
        self.0.lock().unwrap().push(note);
    }

    pub fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}

/// Whether nobody is stuck.
pub fn nobody_is_stuck(ends: &[End]) -> bool {
    !ends.contains(&End::Stuck)
}

/// Panics if two are inside at once.
#[derive(Default)]
pub struct Room {
    is_taken: AtomicBool,
    pub came: Notes<usize>,
    pub entered: Notes<usize>,
}

impl Room {
    /// Is inside for a while.
    pub async fn stay(&self, who: usize) {
        struct Inside<'a>(&'a AtomicBool);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        assert!(!self.is_taken.swap(true, Ordering::Relaxed), "two are inside");
        let _inside = Inside(&self.is_taken);
        self.entered.add(who);
        pause().await;
    }

    /// Whether those who entered did so in the order in which they came.
    pub fn was_first_come_first_served(&self) -> bool {
        let came = self.came.all();
        let places: Vec<_> = self.entered.all().iter().map(|who| came.iter().position(|other| other == who)).collect();
        places.is_sorted()
    }
}
