//! Loom's parts, under the names by which `src/threads` asks for its own.
//!
//! Loom knows no time: what waits with a deadline waits until the model says that [`time_passes`]. A model says so once,
//! in one of its threads, and loom tries every moment at which that may be.

use std::collections::VecDeque;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread::{self, Thread};

pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Loom's mutex, whose guard knows where it belongs: who waits gives it back, and takes it again.
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

/// Some moment. Nobody looks at which one it is.
pub fn deadline_after(_timeout: Duration) -> Option<Instant> {
    Some(Instant::now())
}

/// Looks no second time: a model in which it helps to spin shows nothing that one in which it does not help would not.
pub fn spin_while(_busy: impl Fn() -> bool) {}

pub fn this_thread() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    loom::thread_local!(static ME: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    ME.with(|me| *me)
}

/// Loom's cell, which reports a use that nothing keeps apart from another thread's.
#[derive(Debug)]
pub struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Counts as a write, since whoever may write asks in the same way.
    #[track_caller]
    pub fn get(&self) -> *mut T {
        self.0.with_mut(|value| value)
    }
}

/// A thread that sleeps.
#[derive(Debug)]
struct Sleeper {
    thread: Thread,
    /// Whether it was notified; `None` while it sleeps. Touched with the line locked that it sleeps in, so loom need not
    /// know.
    notified: std::sync::Mutex<Option<bool>>,
}

impl Sleeper {
    fn sleeps(&self) -> bool {
        self.notified.lock().unwrap().is_none()
    }

    fn wake(&self, notified: bool) {
        *self.notified.lock().unwrap() = Some(notified);
        self.thread.unpark();
    }
}

type Line = Arc<loom::sync::Mutex<VecDeque<Arc<Sleeper>>>>;

/// A condition variable with timeouts, which loom's lacks. It wakes nobody for no reason.
#[derive(Debug)]
pub struct Condvar(Line);

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

/// Who sleeps with a deadline, and where.
#[derive(Default)]
struct Clock {
    passed: bool,
    sleepers: Vec<(Line, Arc<Sleeper>)>,
}

loom::lazy_static! {
    static ref CLOCK: loom::sync::Mutex<Clock> = loom::sync::Mutex::new(Clock::default());
}

/// Lets every deadline pass, of those that sleep and of those that will.
pub fn time_passes() {
    let sleepers = {
        let mut clock = CLOCK.lock().unwrap();
        clock.passed = true;
        mem::take(&mut clock.sleepers)
    };
    for (line, sleeper) in sleepers {
        let mut line = line.lock().unwrap();
        if let Some(place) = line.iter().position(|other| Arc::ptr_eq(other, &sleeper)) {
            line.remove(place);
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
    let mut line = condvar.0.lock().unwrap();
    if deadline.is_some() {
        let mut clock = CLOCK.lock().unwrap();
        if clock.passed {
            return (guard, false);
        }
        clock.sleepers.push((Arc::clone(&condvar.0), Arc::clone(&sleeper)));
    }
    line.push_back(Arc::clone(&sleeper));
    drop(line);
    let mutex = guard.mutex;
    drop(guard);
    while sleeper.sleeps() {
        thread::park();
    }
    let notified = sleeper.notified.lock().unwrap().expect("it was woken");
    (lock(mutex), notified)
}
