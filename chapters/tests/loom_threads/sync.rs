//! Loom's types under the names that `src/sync.rs` exports.
//!
//! Loom doesn't model time. A thread that waits with a deadline waits until the model calls [`time_passes`]. A model
//! calls it once, in one of its threads, and loom explores all moments at which that can happen.

use std::collections::VecDeque;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread::{self, Thread};

pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Loom's mutex, with a guard that knows its mutex, so that `wait_until` can unlock it and lock it again.
#[derive(Debug, Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: loom::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    MutexGuard { mutex, guard: mutex.0.lock().unwrap() }
}

/// Returns any time, because only its presence matters here.
pub fn deadline_after(_timeout: Duration) -> Option<Instant> {
    Some(Instant::now())
}

/// Doesn't spin, because spinning adds interleavings without adding outcomes.
pub fn spin_while(_busy: impl Fn() -> bool) {}

pub fn this_thread() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    loom::thread_local!(static ME: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    ME.with(|me| *me)
}

/// Loom's cell, which reports data races.
#[derive(Debug)]
pub struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Counts as a write, because readers and writers call the same method.
    #[track_caller]
    pub fn get(&self) -> *mut T {
        self.0.with_mut(|value| value)
    }
}

/// A sleeping thread.
#[derive(Debug)]
struct Sleeper {
    thread: Thread,
    /// Whether the thread was notified or timed out; `None` while it is asleep. Accessed only with the queue locked
    /// that the thread sleeps in, so it needn't be a type of loom's.
    notified: std::sync::Mutex<Option<bool>>,
}

impl Sleeper {
    fn is_asleep(&self) -> bool {
        self.notified.lock().unwrap().is_none()
    }

    fn wake(&self, notified: bool) {
        *self.notified.lock().unwrap() = Some(notified);
        self.thread.unpark();
    }
}

type Queue = Arc<loom::sync::Mutex<VecDeque<Arc<Sleeper>>>>;

/// A condition variable with timeouts, which loom's lacks. It has no spurious wakeups.
#[derive(Debug)]
pub struct Condvar(Queue);

impl Condvar {
    pub fn new() -> Self {
        Self(Arc::new(loom::sync::Mutex::new(VecDeque::new())))
    }

    pub fn notify_one(&self) {
        if let Some(sleeper) = self.0.lock().unwrap().pop_front() {
            sleeper.wake(true);
        }
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

/// The threads that are asleep with a deadline, and the queues that they sleep in.
#[derive(Default)]
struct Clock {
    passed: bool,
    sleepers: Vec<(Queue, Arc<Sleeper>)>,
}

loom::lazy_static! {
    static ref CLOCK: loom::sync::Mutex<Clock> = loom::sync::Mutex::new(Clock::default());
}

/// Lets all deadlines pass, those of sleeping threads and those of threads that go to sleep later.
pub fn time_passes() {
    let sleepers = {
        let mut clock = CLOCK.lock().unwrap();
        clock.passed = true;
        mem::take(&mut clock.sleepers)
    };
    for (queue, sleeper) in sleepers {
        let mut queue = queue.lock().unwrap();
        if let Some(place) = queue.iter().position(|other| Arc::ptr_eq(other, &sleeper)) {
            queue.remove(place);
            sleeper.wake(false);
        }
    }
}

pub fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    let sleeper = Arc::new(Sleeper { thread: thread::current(), notified: None.into() });
    let mut queue = condvar.0.lock().unwrap();
    if deadline.is_some() {
        let mut clock = CLOCK.lock().unwrap();
        if clock.passed {
            return (guard, false);
        }
        clock.sleepers.push((Arc::clone(&condvar.0), Arc::clone(&sleeper)));
    }
    queue.push_back(Arc::clone(&sleeper));
    drop(queue);
    let mutex = guard.mutex;
    drop(guard);
    while sleeper.is_asleep() {
        thread::park();
    }
    let notified = sleeper.notified.lock().unwrap().expect("it was woken");
    (lock(mutex), notified)
}
