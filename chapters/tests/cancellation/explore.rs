//! Explores scenarios in all orders, with cancellations at all steps.

use std::env;
use std::future::poll_fn;
use std::panic;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use chapters::coroutines::Runtime;
use futures::FutureExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{self, JoinHandle};
use tokio::time;

/// The timeouts in scenarios. The clock stands still until a step advances it by this time.
pub const LONG: Duration = Duration::from_secs(1000);

/// More steps than any run has that ends.
const MAX_STEPS: usize = 1000;

/// The faults that a scenario is explored with.
#[derive(Clone, Copy)]
pub struct Faults {
    /// How many actors may be canceled. Outside of CI, at most one is.
    cancellations: usize,
    /// Whether timeouts may expire: all of them at once, at any step.
    timeouts: bool,
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

/// Returns whether no actor waits forever.
pub fn none_is_stuck(ends: &[End]) -> bool {
    !ends.contains(&End::Stuck)
}

pub fn count(ends: &[End], end: End) -> usize {
    ends.iter().filter(|other| **other == end).count()
}

pub type Check = Box<dyn FnOnce(&[End])>;

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll(usize),
    Cancel(usize),
    PassTimeouts,
    Finish,
}

/// A run of a scenario: its actors, and the steps that they have taken. A run that fails prints its steps.
#[derive(Default)]
pub struct Stage {
    actors: Vec<Actor>,
    steps: Vec<Step>,
    /// Whether a timeout has woken an actor.
    expired: bool,
}

/// A task that polls its coroutine once for each order.
struct Actor {
    task: JoinHandle<()>,
    orders: UnboundedSender<()>,
    polls: UnboundedReceiver<Poll<()>>,
    woken: Arc<Woken>,
    can_be_cancelled: bool,
    end: Option<End>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stage {
    /// Adds an actor that may be canceled.
    pub fn actor(&mut self, coroutine: impl Future<Output = ()> + Send + 'static) {
        self.actors.push(Actor::start(coroutine, true));
    }

    /// Adds actors that may be canceled, with their numbers and something that they share.
    pub fn actors<S, F>(&mut self, count: usize, shared: &Arc<S>, act: impl Fn(Arc<S>, usize) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        (0..count).for_each(|number| self.actor(act(Arc::clone(shared), number)));
    }

    /// Adds an actor that is never canceled.
    pub fn steady<S, F>(&mut self, shared: &Arc<S>, act: impl FnOnce(Arc<S>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.actors.push(Actor::start(act(Arc::clone(shared)), false));
    }

    async fn run(&mut self, mut faults: Faults, choices: &mut Choices) -> Vec<End> {
        loop {
            let possible = self.possible(faults);
            let step = possible[choices.choose(possible.len())];
            self.steps.push(step);
            assert!(self.steps.len() < MAX_STEPS, "the run doesn't end");
            match step {
                Step::Poll(actor) => self.actors[actor].poll().await,
                Step::Cancel(actor) => {
                    faults.cancellations -= 1;
                    self.actors[actor].cancel().await;
                }
                Step::PassTimeouts => {
                    faults.timeouts = false;
                    let before = self.woken().count();
                    // A timer rounds its time up to milliseconds.
                    time::advance(LONG + Duration::from_millis(1)).await;
                    self.expired |= self.woken().count() > before;
                }
                Step::Finish => return self.actors.iter().map(|actor| actor.end.unwrap_or(End::Stuck)).collect(),
            }
        }
    }

    /// The actors that haven't ended.
    fn acting(&self) -> impl Iterator<Item = usize> {
        (0..self.actors.len()).filter(|number| self.actors[*number].end.is_none())
    }

    /// The actors that can take a step.
    fn woken(&self) -> impl Iterator<Item = usize> {
        self.acting().filter(|number| self.actors[*number].woken.0.load(Ordering::Relaxed))
    }

    /// Returns the possible next steps: an actor that was woken may run, and one that hasn't ended may be canceled.
    fn possible(&self, faults: Faults) -> Vec<Step> {
        let mut steps: Vec<Step> = self.woken().map(Step::Poll).collect();
        if steps.is_empty() {
            steps.push(Step::Finish);
        }
        if faults.cancellations > 0 {
            let victims = self.acting().filter(|number| self.actors[*number].can_be_cancelled);
            steps.extend(victims.map(Step::Cancel));
        }
        if faults.timeouts && self.acting().next().is_some() {
            steps.push(Step::PassTimeouts);
        }
        steps
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("after the steps {:?}", self.steps);
        }
    }
}

impl Actor {
    fn start(coroutine: impl Future<Output = ()> + Send + 'static, can_be_cancelled: bool) -> Self {
        let (orders, mut ordered) = unbounded_channel();
        let (report, polls) = unbounded_channel();
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        // A task, because an `RLock` belongs to one.
        let task = task::spawn(async move {
            let mut coroutine = pin!(coroutine);
            while ordered.recv().await.is_some() {
                let poll = coroutine.as_mut().poll(&mut Context::from_waker(&waker));
                if report.send(poll).is_err() || poll.is_ready() {
                    return;
                }
            }
        });
        Self { task, orders, polls, woken, can_be_cancelled, end: None }
    }

    async fn poll(&mut self) {
        self.woken.0.store(false, Ordering::Relaxed);
        assert!(self.orders.send(()).is_ok());
        match self.polls.recv().await {
            Some(Poll::Pending) => {}
            Some(Poll::Ready(())) => self.end = Some(End::Done),
            None => panic::resume_unwind((&mut self.task).await.unwrap_err().into_panic()),
        }
    }

    async fn cancel(&mut self) {
        self.task.abort();
        assert!((&mut self.task).await.is_err_and(|error| error.is_cancelled()));
        self.end = Some(End::Cancelled);
    }
}

/// Runs a scenario in all orders, and checks how each run ends.
pub fn explore(mut faults: Faults, scenario: impl Fn(&mut Stage) -> Check) {
    if env::var_os("CI").is_none() {
        faults.cancellations = faults.cancellations.min(1);
    }
    Runtime::CurrentThread.build().unwrap().block_on(async {
        if faults.timeouts {
            time::pause();
        }
        let (mut choices, mut orders, mut expired) = (Choices::default(), 0, false);
        loop {
            let mut stage = Stage::default();
            let check = scenario(&mut stage);
            check(&stage.run(faults, &mut choices).await);
            orders += 1;
            expired |= stage.expired;
            if !choices.next() {
                break;
            }
        }
        assert_eq!(expired, faults.timeouts, "a timeout expires in some order");
        println!("{}: {orders} orders", thread::current().name().unwrap_or_default());
    });
}

/// The choices of steps, which lead through the tree of all runs.
#[derive(Default)]
struct Choices {
    /// For each step of the current run: the choice, and the number of alternatives.
    path: Vec<(usize, usize)>,
    depth: usize,
}

impl Choices {
    fn choose(&mut self, among: usize) -> usize {
        if self.depth == self.path.len() {
            self.path.push((0, among));
        }
        let (choice, known) = self.path[self.depth];
        assert_eq!(known, among, "the same steps lead to the same alternatives");
        self.depth += 1;
        choice
    }

    /// Turns to the next run, and returns whether there is one.
    fn next(&mut self) -> bool {
        self.depth = 0;
        while self.path.pop_if(|(choice, among)| *choice + 1 == *among).is_some() {}
        self.path.last_mut().map(|(choice, _)| *choice += 1).is_some()
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
    task::unconstrained(coroutine).now_or_never()
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
