//! The engine: real threads, of which one runs at a time, from one operation to just before the next.
//!
//! A thread that reaches an operation announces it, passes the *baton*, and sleeps until it's scheduled. Then it
//! performs the operation and runs on, without a pause, until it has announced its next one. The code between two
//! operations touches nothing that other threads can see, so nothing is lost by treating it as part of the step.
//! [`Execution`] holds the baton between two steps, while all threads are asleep, and decides which thread gets it
//! next.
//!
//! Three things aren't steps, because nothing depends on when they happen: a new thread runs to its first operation at
//! once; a thread joins another one as soon as it can; and an execution that's over unwinds its threads, the youngest
//! first, so that no scope ends before the threads in it.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::place::{self, Source, Stack};
use super::program::{Ending, EndingKind, Program};
use super::state::State;
use super::world::{Choice, Object, Op, Options, Pending, Thread, ThreadId, View, World};

/// How long a thread may run without reaching an operation. No step takes a thousandth of it.
const WATCHDOG_TIMEOUT: Duration = Duration::from_secs(20);

/// How many operations the threads of an execution that's over may perform before they unwind. A critical section is
/// shorter.
const GRACE: u32 = 200;

/// How many operations the threads may perform while they unwind. A destructor that waits for another thread would go
/// on forever.
const UNWINDING_LIMIT: u32 = 100_000;

/// The state that the threads of an execution share.
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Notified when the controller gets the baton.
    settled: Condvar,
    pub sources: &'static [Source],
}

struct Inner {
    world: World,
    turn: Turn,
    /// Which result the next operation has.
    way: usize,
    /// The first choices, which are taken without asking the controller.
    script: VecDeque<usize>,
    main_returned: bool,
    unwinding: bool,
    unwound_operations: u32,
    /// The threads that wait for another one to unwind, each before an operation of a destructor.
    waiting: Vec<(ThreadId, Op)>,
    /// Why the execution can't go on.
    stuck: Option<String>,
    /// Which condition variable wakes which thread.
    turns: Vec<Arc<Condvar>>,
}

/// Who has the baton.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Controller,
    Thread(ThreadId),
}

/// An execution that can't be controlled any more, because one of its threads doesn't reach an operation. Its threads
/// can't be stopped: the process should end soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck(pub(super) String);

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stuck {}

/// The payload with which the threads of an execution that's over unwind.
struct Abandoned;

thread_local! {
    static CURRENT: RefCell<Option<(Arc<Shared>, ThreadId)>> = const { RefCell::new(None) };
    static PANIC: RefCell<Option<(String, Stack)>> = const { RefCell::new(None) };
}

/// The execution that the calling thread belongs to, and its number there.
#[track_caller]
pub(super) fn current() -> (Arc<Shared>, ThreadId) {
    let current = CURRENT.with_borrow(Clone::clone);
    current.expect("the types of the scheduler work only in a program that the scheduler runs")
}

/// The same, or nothing if the calling thread doesn't belong to an execution.
pub(super) fn try_current() -> Option<(Arc<Shared>, ThreadId)> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes the baton on, when every thread is before an operation or has finished.
    fn pass(&self, inner: &mut Inner) {
        let world = &inner.world;
        let joins = |thread: &&Thread| match &thread.pending {
            Some(Pending { op: Op::Join(other), .. }) => world.threads[*other].finished,
            _ => false,
        };
        if !inner.main_returned
            && let Some(joining) = world.threads.iter().position(|thread| joins(&thread))
        {
            return self.give(inner, joining);
        }
        if !inner.main_returned
            && let Some(next) = inner.script.pop_front()
            && let Some(choice) = inner.world.choices().get(next)
        {
            return self.take(inner, choice);
        }
        inner.turn = Turn::Controller;
        self.settled.notify_all();
    }

    fn take(&self, inner: &mut Inner, choice: &Choice) {
        inner.world.steps += 1;
        inner.way = choice.way;
        inner.world.threads[choice.thread].observed = choice.label.clone();
        self.give(inner, choice.thread);
    }

    fn give(&self, inner: &mut Inner, to: ThreadId) {
        inner.turn = Turn::Thread(to);
        inner.turns[to].notify_all();
    }

    /// Lets the youngest thread that's left unwind, or wakes the controller if all have finished.
    fn unwind_next(&self, inner: &mut Inner) {
        match inner.world.threads.iter().rposition(|thread| !thread.finished) {
            Some(thread) => self.give(inner, thread),
            None => {
                inner.turn = Turn::Controller;
                self.settled.notify_all();
            }
        }
    }

    /// The youngest thread that can unwind while `thread` waits. A thread that has spawned one that's left may wait for
    /// it at the end of a scope, so it can't.
    fn next_to_unwind(inner: &mut Inner, thread: ThreadId) -> Option<ThreadId> {
        let Inner { world, waiting, .. } = inner;
        let left: Vec<ThreadId> = (0..world.threads.len()).filter(|it| !world.threads[*it].finished).collect();
        let has_child = |it: ThreadId, world: &World| left.iter().any(|child| world.threads[*child].parent == Some(it));
        let mut others = left.iter().rev().copied().filter(|other| *other != thread);
        others.find(|other| match waiting.iter().find(|(waiting, _)| waiting == other) {
            Some((_, op)) => world.can_perform(*other, *op),
            None => !has_child(*other, world),
        })
    }

    /// Lets a task be polled.
    pub fn wake(&self, task: ThreadId) {
        if let Some(task) = &mut self.lock().world.threads[task].task {
            task.woken = true;
        }
    }

    fn wait_turn<'a>(&'a self, mut inner: MutexGuard<'a, Inner>, thread: ThreadId) -> MutexGuard<'a, Inner> {
        let turn = Arc::clone(&inner.turns[thread]);
        while inner.turn != Turn::Thread(thread) {
            inner = turn.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner
    }
}

/// Announces `op`, waits until the calling thread is scheduled, and performs `act`. The result is `None` if the
/// execution is over and the thread is unwinding already: then the caller returns whatever lets it go on.
#[track_caller]
pub(super) fn step<R>(op: Op, detail: String, act: impl FnOnce(&mut World, ThreadId, usize) -> R) -> Option<R> {
    let (shared, thread) = current();
    let mut inner = shared.lock();
    if !inner.unwinding && inner.world.is_part_of_poll(thread, op) && inner.world.can_perform(thread, op) {
        inner.world.saw(thread, (op, detail));
        let observed = inner.world.threads[thread].observed.clone();
        let result = act(&mut inner.world, thread, 0);
        inner.world.threads[thread].observed = observed;
        return Some(result);
    }
    let unwinding = inner.unwinding;
    drop(inner);
    let stack = if unwinding { vec![] } else { place::stack(shared.sources, Location::caller()) };
    step_at(stack, op, detail, act)
}

/// The same, at other lines than those that the thread is executing: at those where a task waits.
pub(super) fn step_at<R>(
    stack: Stack,
    op: Op,
    detail: String,
    act: impl FnOnce(&mut World, ThreadId, usize) -> R,
) -> Option<R> {
    let (shared, thread) = current();
    let mut inner = shared.lock();
    if inner.unwinding {
        return leave(&shared, inner, op, act);
    }
    // A yield is possible when the state differs from the one at which it was announced.
    let op = if let Op::Yield { .. } = op { Op::Yield { seen: inner.world.shared_key() } } else { op };
    inner.world.threads[thread].pending = Some(Pending { op, detail, stack });
    match inner.world.threads[thread].spawner.take() {
        Some(spawner) => shared.give(&mut inner, spawner),
        None => shared.pass(&mut inner),
    }
    let mut inner = shared.wait_turn(inner, thread);
    if inner.unwinding {
        return leave(&shared, inner, op, act);
    }
    let pending = inner.world.threads[thread].pending.take().map(|pending| pending.detail);
    match op {
        // Its key depends on what other threads have done, and the thread doesn't see it.
        Op::Yield { .. } => inner.world.saw(thread, "yield"),
        _ => inner.world.saw(thread, (op, pending)),
    }
    let way = inner.way;
    Some(act(&mut inner.world, thread, way))
}

/// Leaves an operation of an execution that's over by unwinding. But first, a thread goes on for a few operations: it may
/// be in the middle of releasing a lock that other destructors need. A thread that's unwinding already performs the
/// operations of its destructors at once, so that they find the values that they have stored. Before one that would
/// block, it lets other threads unwind, which release what they hold, and skips it if that doesn't help.
fn leave<'a, R>(
    shared: &'a Shared,
    mut inner: MutexGuard<'a, Inner>,
    op: Op,
    act: impl FnOnce(&mut World, ThreadId, usize) -> R,
) -> Option<R> {
    inner.unwound_operations += 1;
    if inner.unwound_operations > UNWINDING_LIMIT {
        let message =
            "a destructor doesn't end: it waits for something that won't happen any more, because the program is over";
        inner.stuck = Some(message.to_owned());
        shared.settled.notify_all();
        drop(inner);
        loop {
            thread::park();
        }
    }
    let (_, thread) = current();
    if !thread::panicking() {
        if inner.unwound_operations <= GRACE && inner.world.can_perform(thread, op) {
            return Some(act(&mut inner.world, thread, 0));
        }
        drop(inner);
        abandon()
    }
    while !inner.world.can_perform(thread, op)
        && let Some(next) = Shared::next_to_unwind(&mut inner, thread)
    {
        inner.waiting.push((thread, op));
        shared.give(&mut inner, next);
        inner = shared.wait_turn(inner, thread);
        inner.waiting.retain(|(waiting, _)| *waiting != thread);
    }
    let result = inner.world.can_perform(thread, op).then(|| act(&mut inner.world, thread, 0));
    // The thread unwinds because the execution is over, and not because it panicked, so that poisons nothing. Otherwise, a
    // destructor that locks the same mutex would panic, which ends the process.
    if let Op::Unlock(id) = op
        && let Object::Mutex { poisoned, .. } | Object::RwLock { poisoned, .. } = &mut inner.world.objects[id].1
    {
        *poisoned = false;
    }
    result
}

/// Unwinds the calling thread of an execution that's over, or can't go on.
pub(super) fn abandon() -> ! {
    panic::resume_unwind(Box::new(Abandoned))
}

/// Does something that isn't a step, because no other thread can see when it happens.
#[track_caller]
pub(super) fn quietly<R>(act: impl FnOnce(&mut World, ThreadId) -> R) -> R {
    let (shared, thread) = current();
    let mut inner = shared.lock();
    act(&mut inner.world, thread)
}

/// Adds a thread that the calling thread is about to spawn.
pub(super) fn add_thread() -> (Arc<Shared>, ThreadId) {
    let (shared, spawner) = current();
    let mut inner = shared.lock();
    if inner.unwinding && !thread::panicking() {
        drop(inner);
        abandon()
    }
    let new = inner.world.threads.len();
    let view: View = inner.world.view(spawner);
    let thread = Thread {
        name: thread_name(new),
        view,
        spawner: Some(spawner),
        parent: Some(spawner),
        history: new as u64,
        ..Thread::default()
    };
    inner.world.threads.push(thread);
    inner.turns.push(Arc::new(Condvar::new()));
    inner.world.saw(spawner, new);
    drop(inner);
    (shared, new)
}

/// `main`, `A`, `B`, ..., `Z`, `A2`, `B2`, ...
fn thread_name(thread: ThreadId) -> String {
    let Some(index) = thread.checked_sub(1) else { return "main".to_owned() };
    let letter = char::from(b'A' + (index % 26) as u8);
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26 + 1) }
}

/// Runs a new thread to its first operation, and returns.
pub(super) fn start_thread(new: ThreadId) {
    let (shared, thread) = current();
    let mut inner = shared.lock();
    if inner.unwinding {
        return;
    }
    shared.give(&mut inner, new);
    drop(shared.wait_turn(inner, thread));
}

/// The body of a thread of the operating system that is a thread of an execution.
pub(super) fn run_thread<R>(shared: Arc<Shared>, thread: ThreadId, body: impl FnOnce() -> R) -> thread::Result<R> {
    CURRENT.set(Some((Arc::clone(&shared), thread)));
    drop(shared.wait_turn(shared.lock(), thread));
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    let mut inner = shared.lock();
    finish(&mut inner, thread, result.as_ref().err());
    if thread == 0 {
        inner.main_returned = true;
    }
    if inner.unwinding {
        shared.unwind_next(&mut inner);
    } else if let Some(spawner) = inner.world.threads[thread].spawner.take() {
        shared.give(&mut inner, spawner);
    } else {
        shared.pass(&mut inner);
    }
    drop(inner);
    CURRENT.set(None);
    result
}

/// Whether a thread unwinds because its execution is over.
pub(super) fn is_abandoned(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Abandoned>()
}

fn finish(inner: &mut Inner, thread: ThreadId, payload: Option<&Box<dyn Any + Send>>) {
    let abandoned = payload.is_some_and(|payload| is_abandoned(&**payload));
    let it = &mut inner.world.threads[thread];
    it.finished = true;
    if !abandoned {
        it.pending = None;
    }
    if payload.is_some() && !abandoned {
        let (message, stack) = PANIC.take().unwrap_or_else(|| ("a panic without a message".to_owned(), vec![]));
        (it.panicked, it.panic_stack) = (Some(message), stack);
    }
}

/// Keeps the panics of the threads of executions from being printed: they are shown as endings.
fn install_panic_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| match CURRENT.with_borrow(Clone::clone) {
            Some((shared, _)) => {
                let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
                let stack = info.location().map(|at| place::stack(shared.sources, at)).unwrap_or_default();
                PANIC.set(Some((message, stack)));
            }
            None => previous(info),
        }));
    });
}

/// One execution of a program, which stops before every step.
///
/// ```
/// use chapters::scheduler::{Execution, Options, Program};
/// use chapters::scheduler::sync::Mutex;
/// use chapters::scheduler::thread;
///
/// let program = Program::of(|| {
///     let total = Mutex::new(0);
///     thread::scope(|scope| {
///         for _ in 0..2 {
///             scope.spawn(|| *total.lock().unwrap() += 1);
///         }
///     });
/// });
/// let mut execution = Execution::start(&program, Options::DEFAULT, &[])?;
/// while execution.ending().is_none() {
///     execution.step(0)?;
/// }
/// assert_eq!(execution.state().objects[0].value, "2");
/// # Ok::<(), chapters::scheduler::Stuck>(())
/// ```
pub struct Execution {
    shared: Arc<Shared>,
    main: Option<JoinHandle<()>>,
    watchdog: Duration,
}

impl Execution {
    /// Starts a program, and runs it until all threads are before their first operation; and then takes the `first`
    /// choices.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach an operation.
    ///
    /// # Panics
    ///
    /// When the operating system can't start a thread.
    pub fn start(program: &Program, options: Options, first: &[usize]) -> Result<Self, Stuck> {
        Self::start_with_watchdog(program, options, first, WATCHDOG_TIMEOUT)
    }

    /// The same, but gives up on a thread that doesn't reach an operation for as long as `watchdog`.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach an operation in time.
    ///
    /// # Panics
    ///
    /// When the operating system can't start a thread.
    pub fn start_with_watchdog(
        program: &Program,
        options: Options,
        first: &[usize],
        watchdog: Duration,
    ) -> Result<Self, Stuck> {
        install_panic_hook();
        let inner = Inner {
            world: World::new(options),
            turn: Turn::Thread(0),
            way: 0,
            script: first.iter().copied().collect(),
            main_returned: false,
            unwinding: false,
            unwound_operations: 0,
            waiting: vec![],
            stuck: None,
            turns: vec![Arc::new(Condvar::new())],
        };
        let shared = Arc::new(Shared { inner: inner.into(), settled: Condvar::new(), sources: program.sources });
        let (body, theirs) = (program.run, Arc::clone(&shared));
        let main = thread::spawn(move || _ = run_thread(theirs, 0, body));
        let execution = Self { shared, main: Some(main), watchdog };
        execution.settle()?;
        Ok(execution)
    }

    /// Waits until the controller has the baton again.
    fn settle(&self) -> Result<(), Stuck> {
        let mut inner = self.shared.lock();
        let (mut steps, mut since) = (inner.world.steps, Instant::now());
        while inner.turn != Turn::Controller {
            if let Some(reason) = inner.stuck.clone() {
                return Err(Stuck(reason));
            }
            if inner.world.steps != steps {
                (steps, since) = (inner.world.steps, Instant::now());
            }
            let Some(left) = self.watchdog.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) else {
                let reason = Self::blocked(&inner, self.watchdog);
                inner.stuck = Some(reason.clone());
                return Err(Stuck(reason));
            };
            inner = self.shared.settled.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn blocked(inner: &Inner, watchdog: Duration) -> String {
        let name = match inner.turn {
            Turn::Thread(thread) => inner.world.thread_name(thread),
            Turn::Controller => "the scheduler",
        };
        format!(
            "{name} has been running for {} seconds without reaching an operation of the scheduler, after {} steps: it \
             blocks on something that the scheduler doesn't control, such as std::sync::Mutex or std::thread::sleep, or \
             it's in a loop without operations",
            watchdog.as_secs_f64(),
            inner.world.steps,
        )
    }

    /// The steps that can be taken now. None if the program has ended.
    pub fn choices(&self) -> Vec<Choice> {
        let inner = self.shared.lock();
        if inner.main_returned { vec![] } else { inner.world.choices() }
    }

    /// Takes one of the [`choices`](Self::choices). Returns what the thread observed, such as `sees 0`.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach its next operation.
    ///
    /// # Panics
    ///
    /// When `choice` isn't an index of the choices.
    pub fn step(&mut self, choice: usize) -> Result<String, Stuck> {
        let mut inner = self.shared.lock();
        let choices = inner.world.choices();
        let choice = &choices[choice];
        self.shared.take(&mut inner, choice);
        drop(inner);
        self.settle()?;
        Ok(self.shared.lock().world.threads[choice.thread].observed.clone())
    }

    /// The state now.
    pub fn state(&self) -> State {
        self.shared.lock().world.state()
    }

    /// A key of the state, which is the same for states that have the same future.
    pub fn key(&self) -> u64 {
        self.shared.lock().world.key()
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> usize {
        self.shared.lock().world.steps
    }

    /// The names of the threads.
    pub fn thread_names(&self) -> Vec<String> {
        self.shared.lock().world.threads.iter().map(|thread| thread.name.clone()).collect()
    }

    /// How the program has ended; `None` if it can go on.
    pub fn ending(&self) -> Option<Ending> {
        let inner = self.shared.lock();
        let world = &inner.world;
        let panics = world.threads.iter().filter_map(|it| Some((it.name.clone(), it.panicked.clone()?))).collect();
        let kind = if inner.main_returned {
            let running = world.threads.iter().filter(|it| !it.finished).map(|it| it.name.clone()).collect();
            EndingKind::Returned { running }
        } else if world.choices().is_empty() {
            EndingKind::Deadlock { why: world.deadlock(), cycle: world.cycle() }
        } else {
            return None;
        };
        Some(Ending { kind, panics, output: world.output.clone() })
    }

    /// Ends the execution, wherever it is, and its threads.
    ///
    /// # Errors
    ///
    /// When a thread can't be ended.
    pub fn finish(mut self) -> Result<(), Stuck> {
        self.unwind()
    }

    fn unwind(&mut self) -> Result<(), Stuck> {
        let Some(main) = self.main.take() else { return Ok(()) };
        let mut inner = self.shared.lock();
        if let Some(reason) = inner.stuck.clone() {
            return Err(Stuck(reason));
        }
        inner.unwinding = true;
        self.shared.unwind_next(&mut inner);
        drop(inner);
        self.settle()?;
        // The main thread has finished, and catches its panics.
        _ = main.join();
        Ok(())
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // A thread that can't be ended has been reported, or will never be missed.
        _ = self.unwind();
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Execution")
            .field("steps", &self.steps())
            .field("ending", &self.ending())
            .finish_non_exhaustive()
    }
}
