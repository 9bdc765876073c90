//! Coroutines: tasks on an executor with one thread, as in tokio's `current_thread` runtime.
//!
//! A step of a task is a poll: the task runs from one `.await` that has to wait to the next. Only a task that has been
//! woken can be polled, and the reader chooses which one, so the order in which tasks were woken doesn't matter. While
//! a task is being polled, no other task is. A timer may expire at any moment, as a step of its own. So may a [`timeout`],
//! as far as [`Options::timeouts`](super::Options::timeouts) allows: then the future inside it is dropped, as is every
//! other branch of a `select!` (*cancellation*).
//! [`JoinHandle::abort`] drops the future of a whole task, in the task's next step.
//!
//! A poll is one step, whatever it does. A task that uses the primitives of [`sync`](super::sync) performs their
//! operations at once, unless one of them would block the thread: then no task is polled until the thread can go on. A
//! waiting task is shown at the line that has stored its waker.
//!
//! The functions and types have the names and the signatures of tokio's, apart from [`block_on`], which replaces
//! `#[tokio::main]`. tokio's `join!` and `select!` work with them; only `select!` must be `biased`, because otherwise
//! it polls its branches in a random order. States of programs with tasks aren't merged, because the future of a task
//! depends on more than what the task has observed.

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use super::engine::{self, Shared, add_thread, current, quietly, run_thread, start_thread, step_at};
use super::place::{self, Stack};
use super::world::{Object, ObjectId, Op, Task, ThreadId};

pub mod mpsc;

/// Wakes a task.
struct TaskWaker {
    shared: Arc<Shared>,
    task: ThreadId,
}

impl TaskWaker {
    /// A waker that notes where it's cloned, because a future that waits keeps a clone.
    fn waker(self) -> Waker {
        let data = Arc::into_raw(Arc::new(self)).cast();
        // SAFETY: the functions of the table follow the contract of `RawWakerVTable::new`: `data` owns a reference to an
        // `Arc` of a type that is `Send` and `Sync`, `clone_waker` adds one, and `wake` and `drop_waker` release one.
        unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) }
    }

    fn wake(&self) {
        self.shared.wake(self.task);
    }

    /// Notes that the lines that are executing wait, if they are the task's own.
    fn is_stored(&self) {
        let is_polling = engine::try_current().is_some_and(|(shared, task)| {
            Arc::ptr_eq(&shared, &self.shared) && task == self.task && quietly(|world, task| world.task(task).polling)
        });
        if is_polling {
            let at = place::stack(self.shared.sources, Location::caller());
            if !at.is_empty() {
                quietly(|world, task| world.task(task).at = at);
            }
        }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    let waker = data.cast::<TaskWaker>();
    // SAFETY: the pointer is from `Arc::into_raw`, and the waker that's being cloned owns a reference.
    unsafe { Arc::increment_strong_count(waker) };
    // SAFETY: as above.
    unsafe { &*waker }.is_stored();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the pointer is from `Arc::into_raw`, and the waker gives its reference up.
    unsafe { Arc::from_raw(data.cast::<TaskWaker>()) }.wake();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the pointer is from `Arc::into_raw`, and the waker owns a reference.
    unsafe { &*data.cast::<TaskWaker>() }.wake();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the pointer is from `Arc::into_raw`, and the waker gives its reference up.
    drop(unsafe { Arc::from_raw(data.cast::<TaskWaker>()) });
}

/// How a task ended, if it didn't return: see `tokio::task::JoinError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinError {
    cancelled: bool,
}

impl JoinError {
    /// Whether the task was aborted.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        !self.cancelled
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.cancelled { "the task was cancelled" } else { "the task panicked" })
    }
}

impl std::error::Error for JoinError {}

/// Polls a future to its end, one step for each poll. The result is `None` if the task was aborted.
fn poll_to_end<F: Future>(future: F, first: Stack) -> Option<F::Output> {
    let (shared, task) = current();
    quietly(|world, task| world.threads[task].task = Some(Task { woken: true, at: first, ..Task::default() }));
    let waker = TaskWaker { shared, task }.waker();
    quietly(|world, task| world.task(task).waker = waker.data().addr());
    let mut context = Context::from_waker(&waker);
    let mut future = Box::pin(future);
    loop {
        let at = quietly(|world, task| world.task(task).at.clone());
        let aborted = step_at(at, Op::Poll, String::new(), |world, thread, way| world.begin_poll(thread, way))?;
        let polled = if aborted { None } else { Some(future.as_mut().poll(&mut context)) };
        // The future is dropped in the step that cancels it, or that completes it.
        let result = match polled {
            Some(Poll::Pending) => {
                quietly(|world, task| world.task(task).polling = false);
                continue;
            }
            Some(Poll::Ready(output)) => Some(output),
            None => None,
        };
        drop(future);
        quietly(|world, task| world.task(task).polling = false);
        return result;
    }
}

/// Notes that the current task waits for `object`, at the line that's executing now.
#[track_caller]
fn awaits(object: Awaited) {
    let at = place::stack(current().0.sources, Location::caller());
    quietly(|world, task| {
        world.saw(task, "pending");
        let task = world.task(task);
        (task.awaits, task.at) = (Some(object), at);
    });
}

pub(super) use super::world::Awaited;

/// Runs a future on the calling thread, until it's done: the counterpart of `#[tokio::main]`.
///
/// ```
/// use chapters::scheduler::task::{block_on, spawn};
/// use chapters::scheduler::{Options, Program, explore, println};
///
/// let program = Program::of(|| {
///     block_on(async {
///         let tasks = ["a", "b"].map(|name| spawn(async move { println!("{name}") }));
///         for task in tasks {
///             task.await.unwrap();
///         }
///     });
/// });
/// assert_eq!(explore(&program, Options::DEFAULT, 1_000)?.endings.len(), 2);
/// # Ok::<(), chapters::scheduler::explore::Unexplored>(())
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let at = place::stack(current().0.sources, Location::caller());
    let output = poll_to_end(future, at);
    quietly(|world, task| world.threads[task].task = None);
    output.unwrap_or_else(|| engine::abandon())
}

/// The result of a task, and the task that waits for it.
struct Outcome<T> {
    result: Option<Result<T, JoinError>>,
    waiter: Option<Waker>,
}

/// Owns a task: see `tokio::task::JoinHandle`. It's a future, which waits until the task has finished.
pub struct JoinHandle<T> {
    task: ThreadId,
    outcome: Arc<StdMutex<Outcome<T>>>,
}

impl<T> Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.task).finish()
    }
}

/// Stores an outcome, even if the task panics.
struct Store<T>(Arc<StdMutex<Outcome<T>>>);

impl<T> Store<T> {
    fn store(&self, result: Result<T, JoinError>) {
        let waiter = {
            let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            outcome.result.get_or_insert(result);
            outcome.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        self.store(Err(JoinError { cancelled: false }));
    }
}

/// Starts a task. It's polled for the first time when it's scheduled.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let at = place::stack(current().0.sources, Location::caller());
    let outcome = Arc::new(StdMutex::new(Outcome { result: None, waiter: None }));
    let (shared, task) = add_thread();
    let store = Store(Arc::clone(&outcome));
    let body = move || {
        let store = store;
        let result = poll_to_end(future, at).ok_or(JoinError { cancelled: true });
        store.store(result);
    };
    std::thread::spawn(move || run_thread(shared, task, body));
    start_thread(task);
    JoinHandle { task, outcome }
}

impl<T> JoinHandle<T> {
    /// Cancels the task: its future is dropped in its next step.
    pub fn abort(&self) {
        let target = self.task;
        quietly(|world, task| {
            world.saw(task, ("abort", target));
            if let Some(target) = &mut world.threads[target].task {
                target.aborted = true;
            }
        });
    }

    /// Whether the task has finished.
    pub fn is_finished(&self) -> bool {
        let target = self.task;
        quietly(|world, task| {
            let finished = world.threads[target].finished;
            world.saw(task, finished);
            finished
        })
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                outcome.waiter = Some(context.waker().clone());
                drop(outcome);
                awaits(Awaited::Task(self.task));
                Poll::Pending
            }
        }
    }
}

/// The number of a task: see `tokio::task::Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(ThreadId);

/// The current task; `None` in [`block_on`]: see `tokio::task::try_id`.
pub fn try_id() -> Option<Id> {
    let task = current().1;
    (task > 0).then_some(Id(task))
}

/// Lets other tasks go first: see `tokio::task::yield_now`.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        awaits(Awaited::Nothing);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A future that's done when its timer expires: see `tokio::time::Sleep`.
#[derive(Debug, Default)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    /// The number of the timer among the task's, and the task.
    timer: Option<(ThreadId, usize)>,
    /// Whether it's the timer of a timeout.
    is_timeout: bool,
}

/// Waits until a timer expires: see `tokio::time::sleep`.
pub fn sleep(_duration: Duration) -> Sleep {
    Sleep::default()
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        let is_timeout = self.is_timeout;
        let start = || quietly(|world, task| (task, world.start_timer(task, is_timeout)));
        let (task, timer) = *self.timer.get_or_insert_with(start);
        if quietly(|world, _| world.task(task).timers.iter().any(|it| it.number == timer)) {
            awaits(Awaited::Timer);
            return Poll::Pending;
        }
        quietly(|world, task| world.saw(task, "the timer has expired"));
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((task, timer)) = self.timer {
            quietly(|world, _| {
                if let Some(task) = &mut world.threads[task].task {
                    task.timers.retain(|other| other.number != timer);
                }
            });
        }
    }
}

/// The error of [`timeout`]: see `tokio::time::error::Elapsed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timeout has expired")
    }
}

impl std::error::Error for Elapsed {}

/// Drops a future that isn't done when the timeout expires: see `tokio::time::timeout`.
///
/// # Errors
///
/// When the timeout expired.
pub async fn timeout<F: Future>(_duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let sleep = Sleep { is_timeout: true, ..Sleep::default() };
    let (mut future, mut sleep) = (pin!(future), pin!(sleep));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        sleep.as_mut().poll(context).map(|()| Err(Elapsed(())))
    })
    .await
}

/// A mutex that can be held across an `.await`: see `tokio::sync::Mutex`. It's fair: the waiting futures acquire it in
/// the order in which they were polled first, and it's handed to the next one when it's released.
pub struct Mutex<T> {
    id: ObjectId,
    show: fn(&T) -> String,
    queue: StdMutex<Queue>,
    value: UnsafeCell<T>,
}

// SAFETY: as for tokio's. Only the holder reaches the value, and tasks are polled one at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Mutex<T> {}

#[derive(Default)]
struct Queue {
    owner: Owner,
    next: u64,
    waiting: VecDeque<(u64, ThreadId, Waker)>,
    /// The value, in words.
    shown: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Owner {
    #[default]
    Free,
    Task(ThreadId),
    /// A future of the task, which hasn't been polled since.
    Future(ThreadId, u64),
}

impl<T: Debug> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::showing(value, |value| format!("{value:?}"))
    }
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex whose value isn't shown, so it needn't implement [`Debug`].
    #[track_caller]
    pub fn hiding(value: T) -> Self {
        Self::showing(value, |_| String::new())
    }

    #[track_caller]
    fn showing(value: T, show: fn(&T) -> String) -> Self {
        let name = place::name_of_part(current().0.sources, Location::caller(), "Mutex");
        let shown = show(&value);
        let object = Object::Async { kind: "Mutex", value: shown.clone(), held_by: vec![], why: String::new() };
        let id = quietly(|world, task| world.add(task, name, object));
        let queue = Queue { shown, ..Queue::default() };
        Self { id, show, queue: queue.into(), value: UnsafeCell::new(value) }
    }

    /// Waits until the mutex is free, and locks it.
    pub fn lock(&self) -> Lock<'_, T> {
        Lock { mutex: self, ticket: None }
    }

    /// Locks the mutex if it's free.
    ///
    /// # Errors
    ///
    /// When it isn't free.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let task = current().1;
        let taken = {
            let mut queue = self.queue();
            let is_free = queue.owner == Owner::Free;
            if is_free {
                queue.owner = Owner::Task(task);
            }
            is_free
        };
        self.show_owner(None);
        quietly(|world, task| world.saw(task, taken));
        if taken { Ok(MutexGuard { mutex: self }) } else { Err(TryLockError(())) }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates the state that the reader sees.
    fn show_owner(&self, shown: Option<String>) {
        let mut queue = self.queue();
        if let Some(shown) = shown {
            queue.shown = shown;
        }
        quietly(|world, task| {
            let waiting: Vec<&str> = queue.waiting.iter().map(|(_, task, _)| world.thread_name(*task)).collect();
            let mut parts = vec![queue.shown.clone()];
            let (holders, words) = match queue.owner {
                Owner::Free => (vec![], String::new()),
                Owner::Task(task) => (vec![task], format!("which {} holds", world.thread_name(task))),
                Owner::Future(task, _) => {
                    let name = world.thread_name(task);
                    parts.push(format!("handed to {name}"));
                    (vec![task], format!("which was handed to a future of {name} that hasn't been polled since"))
                }
            };
            if !waiting.is_empty() {
                parts.push(format!("waiting: {}", waiting.join(", ")));
            }
            parts.retain(|part| !part.is_empty());
            let parts = parts.join("; ");
            if let Object::Async { value, held_by, why, .. } = &mut world.objects[self.id].1 {
                (*held_by, *why, *value) = (holders, words, parts);
            }
            world.saw(task, self.id);
        });
    }

    /// Hands the mutex to the future that has been waiting the longest.
    fn release(&self, shown: Option<String>) {
        let waker = {
            let mut queue = self.queue();
            match queue.waiting.pop_front() {
                Some((ticket, task, waker)) => {
                    queue.owner = Owner::Future(task, ticket);
                    Some(waker)
                }
                None => {
                    queue.owner = Owner::Free;
                    None
                }
            }
        };
        self.show_owner(shown);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutex").field(&self.id).finish()
    }
}

/// The error of [`Mutex::try_lock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError(());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mutex is locked")
    }
}

impl std::error::Error for TryLockError {}

/// The future of [`Mutex::lock`].
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct Lock<'a, T> {
    mutex: &'a Mutex<T>,
    /// Its place in the queue. None if it isn't waiting.
    ticket: Option<u64>,
}

impl<'a, T> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let task = current().1;
        let mutex = self.mutex;
        let mut queue = mutex.queue();
        let is_mine = match (queue.owner, self.ticket) {
            (Owner::Free, None) => true,
            (Owner::Future(_, owner), Some(ticket)) => owner == ticket,
            _ => false,
        };
        if is_mine {
            queue.owner = Owner::Task(task);
            self.ticket = None;
            drop(queue);
            mutex.show_owner(None);
            return Poll::Ready(MutexGuard { mutex });
        }
        match self.ticket {
            None => {
                let ticket = queue.next;
                queue.next += 1;
                queue.waiting.push_back((ticket, task, context.waker().clone()));
                self.ticket = Some(ticket);
            }
            Some(ticket) => {
                if let Some((_, _, waker)) = queue.waiting.iter_mut().find(|(other, ..)| *other == ticket) {
                    waker.clone_from(context.waker());
                }
            }
        }
        drop(queue);
        mutex.show_owner(None);
        awaits(Awaited::Object(mutex.id));
        Poll::Pending
    }
}

impl<T> Drop for Lock<'_, T> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let is_mine = {
            let mut queue = self.mutex.queue();
            queue.waiting.retain(|(other, ..)| *other != ticket);
            matches!(queue.owner, Owner::Future(_, owner) if owner == ticket)
        };
        if is_mine {
            self.mutex.release(None);
        } else {
            self.mutex.show_owner(None);
        }
    }
}

/// Keeps a [`Mutex`] locked, and gives access to its value.
#[must_use = "the mutex is unlocked when the guard is dropped"]
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard exists, so its task holds the mutex.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        let shown = (self.mutex.show)(self);
        self.mutex.release(Some(shown));
    }
}

/// A value that is shown to the reader whenever it may have changed. It's for types that are built on tasks, such as the
/// book's own primitives.
#[derive(Debug)]
pub struct Shown(ObjectId);

impl Shown {
    /// Begins to show a value, under the name of the variable or the field that it's assigned to.
    #[track_caller]
    pub fn new(kind: &'static str, value: &dyn Debug) -> Self {
        let name = place::name_of_part(current().0.sources, Location::caller(), kind);
        let object = Object::Async { kind, value: String::new(), held_by: vec![], why: String::new() };
        let shown = Self(quietly(|world, task| world.add(task, name, object)));
        shown.show(value);
        shown
    }

    /// Shows the value. A waker is shown as the name of its task, and the name of an outer struct is left out.
    pub fn show(&self, shown: &dyn Debug) {
        let text = format!("{shown:?}");
        let text = text.split_once(" { ").and_then(|(name, rest)| {
            let is_name = name.chars().all(char::is_alphanumeric);
            rest.strip_suffix(" }").filter(|_| is_name).map(str::to_owned)
        });
        let mut text = text.unwrap_or_else(|| format!("{shown:?}"));
        quietly(|world, task| {
            while let Some(begin) = text.find("Waker { data: ") {
                let Some(end) = text[begin..].find(" }") else { break };
                let waker = &text[begin..begin + end];
                let is_its = |task: &super::world::Task| waker.contains(&format!("data: {:#x},", task.waker));
                let of = world.threads.iter().find(|thread| thread.task.as_ref().is_some_and(is_its));
                let name = of.map_or("no task", |thread| &thread.name).to_owned();
                text.replace_range(begin..begin + end + 2, &name);
            }
            world.saw(task, &text);
            if let Object::Async { value, .. } = &mut world.objects[self.0].1 {
                *value = text;
            }
        });
    }
}
