//! Explores scenarios in all orders, with cancellations at all steps.

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

/// The timeouts in scenarios. The clock stands still until a step advances it by this time.
pub const LONG: Duration = Duration::from_secs(1000);

/// How long an exploration may take.
const TIMEOUT: Duration = Duration::from_secs(1800);
/// The number of runs on a pool of threads, where a step takes a hundred times longer: outside of CI, and in CI.
const POOL_RUNS: usize = 100;
const POOL_RUNS_IN_CI: usize = 300;
/// The largest number of cancellations in a run outside of CI.
const CANCELLATIONS: usize = 1;
static IN_CI: LazyLock<bool> = LazyLock::new(|| env::var_os("CI").is_some());
const SEED: u64 = 4;
/// More steps than any run has that ends.
const MAX_STEPS: usize = 1000;

/// The faults that a scenario is explored with.
#[derive(Clone, Copy)]
pub struct Faults {
    /// How many actors may be cancelled.
    pub cancellations: usize,
    /// Whether timeouts may expire: all of them at once, at any step.
    pub timeouts: bool,
}

pub const TWO: Faults = Faults { cancellations: 2, timeouts: false };
pub const ONE_OR_TIMEOUT: Faults = Faults { cancellations: 1, timeouts: true };

/// How an actor has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Cancelled,
    /// The actor is waiting, and no other actor is left to wake it.
    Stuck,
}

type Coroutine = Pin<Box<dyn Future<Output = ()> + Send>>;
pub type Check = Box<dyn FnOnce(&[End])>;

/// The actors of a scenario.
#[derive(Default)]
pub struct Stage {
    actors: Vec<Actor>,
}

struct Actor {
    coroutine: Coroutine,
    can_be_cancelled: bool,
}

impl Stage {
    /// Adds an actor that may be cancelled.
    pub fn actor(&mut self, coroutine: impl Future<Output = ()> + Send + 'static) {
        self.actors.push(Actor { coroutine: Box::pin(coroutine), can_be_cancelled: true });
    }

    /// Adds actors that may be cancelled, with their numbers and something that they share.
    pub fn actors<S, F>(&mut self, count: usize, shared: &Arc<S>, act: impl Fn(Arc<S>, usize) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        (0..count).for_each(|number| self.actor(act(Arc::clone(shared), number)));
    }

    /// Adds an actor that is never cancelled.
    pub fn steady<S, F>(&mut self, shared: &Arc<S>, act: impl FnOnce(Arc<S>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let coroutine = Box::pin(act(Arc::clone(shared)));
        self.actors.push(Actor { coroutine, can_be_cancelled: false });
    }
}

/// Lets other actors run, or not: the explorer tries both.
pub async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Returns the output of a future that needn't wait for other actors, or `None` if it waits.
pub fn now<T>(coroutine: impl Future<Output = T>) -> Option<T> {
    // Without tokio's limit on what a task may do without yielding, which would look like waiting.
    let mut coroutine = pin!(task::unconstrained(coroutine));
    for _ in 0..MAX_STEPS {
        if let Poll::Ready(output) = coroutine.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
    }
    None
}

/// Runs a scenario in all orders on one thread, then in some orders on a pool, and checks how each run ends.
///
/// Timeouts are explored only on one thread, because tokio's clock can be stopped only there.
pub fn explore(name: &'static str, faults: Faults, scenario: impl Fn(&mut Stage) -> Check + Send + 'static) {
    let (faults, pool_runs) = match *IN_CI {
        true => (faults, POOL_RUNS_IN_CI),
        false => (Faults { cancellations: faults.cancellations.min(CANCELLATIONS), ..faults }, POOL_RUNS),
    };
    let (done, finished) = mpsc::channel();
    let explorer = thread::spawn(move || {
        let one = Runtime::CurrentThread.build().unwrap();
        report(&format!("{name}, all orders: {}", one.block_on(explore_all(Choices::all(), faults, &scenario))));
        if !faults.timeouts {
            let pool = Runtime::MultiThread.build().unwrap();
            let count = pool.block_on(explore_all(Choices::random(pool_runs), faults, &scenario));
            report(&format!("{name}, on a pool: {count}"));
        }
        done.send(()).unwrap();
    });
    match finished.recv_timeout(TIMEOUT) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: stuck"),
        _ => explorer.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)),
    }
}

/// Prints a line, even if the test passes.
pub fn report(line: &str) {
    io::stderr().write_all(format!("cancellation: {line}\n").as_bytes()).unwrap();
}

async fn explore_all(mut choices: Choices, faults: Faults, scenario: &impl Fn(&mut Stage) -> Check) -> Count {
    if faults.timeouts {
        time::pause();
    }
    let mut count = Count::default();
    loop {
        let mut stage = Stage::default();
        let check = scenario(&mut stage);
        let mut run = Run::start(stage, faults);
        run.run(&mut choices).await;
        count.runs += 1;
        count.cancellations += run.cancelled;
        run.check(check).await;
        if !choices.next() {
            return count;
        }
    }
}

#[derive(Default)]
struct Count {
    runs: usize,
    cancellations: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} orders, {} cancellations", self.runs, self.cancellations)
    }
}

/// The choices of steps, which lead through the tree of all runs.
enum Choices {
    /// All paths, one after the other. For each step of the current one: the choice, and the number of alternatives.
    All {
        path: Vec<(usize, usize)>,
        depth: usize,
    },
    Random {
        random: Box<StdRng>,
        left: usize,
    },
}

impl Choices {
    fn all() -> Self {
        Self::All { path: Vec::new(), depth: 0 }
    }

    fn random(runs: usize) -> Self {
        Self::Random { random: Box::new(StdRng::seed_from_u64(SEED)), left: runs }
    }

    fn choose(&mut self, among: usize) -> usize {
        match self {
            Self::All { path, depth } => {
                if *depth == path.len() {
                    path.push((0, among));
                }
                let (choice, known) = path[*depth];
                assert_eq!(known, among, "the same steps lead to the same alternatives");
                *depth += 1;
                choice
            }
            Self::Random { random, .. } => random.random_range(0..among),
        }
    }

    /// Turns to the next run, and returns whether there is one.
    fn next(&mut self) -> bool {
        match self {
            Self::All { path, depth } => {
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

/// One run of a scenario.
struct Run {
    faults: Faults,
    roles: Vec<Role>,
    steps: Vec<Step>,
    cancelled: usize,
    timeouts_passed: bool,
}

/// An actor that has started: a task, which polls or drops its coroutine when it gets an order.
struct Role {
    can_be_cancelled: bool,
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

impl Run {
    fn start(stage: Stage, faults: Faults) -> Self {
        let roles = stage.actors.into_iter().map(Role::start).collect();
        Self { faults, roles, steps: Vec::new(), cancelled: 0, timeouts_passed: false }
    }

    async fn run(&mut self, choices: &mut Choices) {
        loop {
            let possible = self.possible();
            let step = possible[choices.choose(possible.len())];
            self.steps.push(step);
            assert!(self.steps.len() < MAX_STEPS, "the run doesn't end: {self:?}");
            match step {
                Step::Run(actor) => {
                    self.roles[actor].is_woken.0.store(false, Ordering::Relaxed);
                    if self.order(actor, Order::Run).await.is_ready() {
                        self.roles[actor].end = Some(End::Done);
                    }
                }
                Step::Cancel(actor) => {
                    self.roles[actor].end = Some(End::Cancelled);
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

    /// Returns the possible next steps: an actor that was woken may run, and one that hasn't ended may be cancelled.
    fn possible(&self) -> Vec<Step> {
        let acting = || self.roles.iter().enumerate().filter(|(_, role)| role.end.is_none());
        let woken = acting().filter(|(_, role)| role.is_woken.0.load(Ordering::Relaxed));
        let mut steps: Vec<Step> = woken.map(|(actor, _)| Step::Run(actor)).collect();
        if steps.is_empty() {
            steps.push(Step::Finish);
        }
        if self.cancelled < self.faults.cancellations {
            let victims = acting().filter(|(_, role)| role.can_be_cancelled);
            steps.extend(victims.map(|(actor, _)| Step::Cancel(actor)));
        }
        if self.faults.timeouts && !self.timeouts_passed && acting().next().is_some() {
            steps.push(Step::PassTimeouts);
        }
        steps
    }

    async fn order(&mut self, actor: usize, order: Order) -> Poll<()> {
        let role = &mut self.roles[actor];
        assert!(role.orders.send(order).is_ok());
        match role.reports.recv().await.expect("the task runs") {
            Ok(poll) => poll,
            Err(panicked) => {
                eprintln!("{self:?}");
                panic::resume_unwind(panicked)
            }
        }
    }

    async fn check(mut self, check: Check) {
        let ends: Vec<End> = self.roles.iter().map(|role| role.end.unwrap_or(End::Stuck)).collect();
        if let Err(panicked) = panic::catch_unwind(AssertUnwindSafe(|| check(&ends))) {
            eprintln!("{self:?} {ends:?}");
            panic::resume_unwind(panicked);
        }
        for (actor, _) in ends.iter().enumerate().filter(|(_, end)| **end == End::Stuck) {
            let _ = self.order(actor, Order::Drop).await;
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:?}", self.steps)
    }
}

impl Role {
    fn start(Actor { coroutine, can_be_cancelled }: Actor) -> Self {
        let is_woken = Arc::new(Woken(AtomicBool::new(true)));
        let (orders, mut to_do) = tokio::sync::mpsc::unbounded_channel();
        let (report, reports) = tokio::sync::mpsc::unbounded_channel();
        let waker = Waker::from(Arc::clone(&is_woken));
        task::spawn(async move {
            let mut coroutine = Some(coroutine);
            while let (Some(order), Some(running)) = (to_do.recv().await, &mut coroutine) {
                let poll = AssertUnwindSafe(|| running.as_mut().poll(&mut Context::from_waker(&waker)));
                let poll = match order {
                    Order::Run => panic::catch_unwind(poll),
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
        Self { can_be_cancelled, is_woken, orders, reports, end: None }
    }
}

/// A log of the events in a run, in order.
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

/// Returns whether no actor waits forever.
pub fn none_is_stuck(ends: &[End]) -> bool {
    !ends.contains(&End::Stuck)
}

/// A critical section, which panics if two actors are in it at the same time.
#[derive(Default)]
pub struct CriticalSection {
    is_occupied: AtomicBool,
    pub arrived: Notes<usize>,
    pub entered: Notes<usize>,
}

impl CriticalSection {
    /// Enters, pauses, and leaves.
    pub async fn enter(&self, who: usize) {
        struct Inside<'a>(&'a AtomicBool);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        assert!(!self.is_occupied.swap(true, Ordering::Relaxed), "two actors are inside");
        let _inside = Inside(&self.is_occupied);
        self.entered.add(who);
        pause().await;
    }

    /// Returns whether the actors entered in order of arrival.
    pub fn was_fair(&self) -> bool {
        let arrived = self.arrived.all();
        let order: Vec<_> =
            self.entered.all().iter().map(|who| arrived.iter().position(|other| other == who)).collect();
        order.is_sorted()
    }
}
