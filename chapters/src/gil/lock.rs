//! A global interpreter lock: threads take turns holding it, and a thread that has waited long enough asks the holder
//! to release it.
//!
//! It differs from a [`Mutex`] in when the holder releases it. The holder of a mutex keeps it for as long as it likes.
//! If it unlocks the mutex and locks it again at once, it usually gets the mutex back, because it is running and the
//! waiting threads have yet to wake up. A [`Gil`] is held nearly all the time, by threads with no reason to release it,
//! so it adds two rules:
//!
//! - *Turns on request.* A waiting thread gives the holder one *interval*. If no other thread has acquired the lock by
//!   then, the waiting thread sets the drop request. The holder checks the request at each
//!   [checkpoint](GilGuard::checkpoint), and releases the lock.
//! - *Forced switching.* A holder that releases the lock on request doesn't continue until another thread has acquired
//!   it.
//!
//! Waiting threads aren't ordered by priority or by arrival: the operating system decides which one is next.
//!
//! # Step by step
//!
//! The steps are those of `Python/ceval_gil.c` in CPython 3.12 (before 3.12, `Python/ceval_gil.h`). Side by side:
//!
//! | here | there |
//! | --- | --- |
//! | [`ThreadState`] | `PyThreadState` |
//! | `State::locked`, `State::switches`, guarded by `Gil::state` | `locked`, `switch_number`, guarded by `mutex` |
//! | `Gil::released` | `cond` |
//! | `Gil::last_holder` | `last_holder`, guarded by `switch_mutex` |
//! | `Gil::switched` | `switch_cond` |
//! | `Gil::drop_request` | `gil_drop_request` |
//! | [`ThreadState::take`], dropping the [`GilGuard`] | `take_gil`, `drop_gil` |
//! | [`GilGuard::checkpoint`] | the test of `eval_breaker` at loop back edges and calls |
//! | [`GilGuard::allow_threads`] | `Py_BEGIN_ALLOW_THREADS`, `Py_END_ALLOW_THREADS` |
//!
//! There are three differences. In Rust, a mutex owns the data that it guards, so the compiler rejects code that reads
//! `last_holder` without locking its mutex; in C, a comment has to ask for that. A guard belongs to one thread state,
//! so a release doesn't store the holder's ID again. And a thread that waits for a switch checks again every time it
//! wakes up, while the C code waits only once.
//!
//! A lock has one drop request, which is meant for its current holder. CPython 3.9 to 3.12 had one for each
//! interpreter, and earlier versions one for the process. Since 3.13, it's a bit in the state of the thread that holds
//! the GIL. With a single interpreter, these designs have the same effect, because only the holder checks the request.
//!
//! # Orderings
//!
//! Every access to the drop request is *relaxed*, because the request carries no data. The next holder sees everything
//! that the previous one wrote, because both lock `state`. A holder that sees the request late releases the lock one
//! checkpoint later.
//!
//! A store that clears the request never erases a newer one. A waiting thread sets the request with `state` locked and
//! the GIL held by another thread. The holder's `take` also had `state` locked when it cleared the previous request, so
//! the new request comes after it. A forced switch clears the request before the next `take`, because both lock
//! `last_holder`.
//!
//! # History
//!
//! Before Python 3.2, the holder released the lock after 100 bytecodes and could acquire it again right away. CPython
//! 3.2 introduced the present design, by Antoine Pitrou. Since 3.12, each interpreter can have a lock of its own (PEP
//! 684), which Python code can use since 3.14 (PEP 734). The build without a GIL was experimental in 3.13 (PEP 703) and
//! has been supported since 3.14 (PEP 779).

use std::time::Duration;

use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, PoisonError};

/// The default interval that a waiting thread gives the holder: CPython's `sys.getswitchinterval()`.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// The `last_holder` of a lock that hasn't been held yet. Thread IDs start at 1.
const NOBODY: u64 = 0;

/// A lock that threads take turns holding.
///
/// ```
/// use chapters::gil::Gil;
///
/// let gil = Gil::default();
/// let mut thread = gil.attach();
/// let mut guard = thread.take();
/// for _ in 0..1000 {
///     guard.checkpoint(); // lets another thread in, if one has waited for long enough
/// }
/// guard.allow_threads(|| std::thread::yield_now()); // lets others in for as long as this takes
/// drop(guard);
/// assert_eq!(gil.switches(), 1); // no other thread has held it
/// ```
#[derive(Debug)]
// ANCHOR: gil
pub struct Gil {
    interval: Duration,
    pub(super) state: Mutex<State>,
    /// Notified when `locked` becomes false. Wakes one waiting thread.
    pub(super) released: Condvar,
    /// The thread that holds the lock or held it last. Code that locks both mutexes locks `state` first.
    pub(super) last_holder: Mutex<u64>,
    /// Notified when a thread acquires the lock.
    pub(super) switched: Condvar,
    /// Set while a waiting thread wants the holder to release the lock.
    pub(super) drop_request: AtomicBool,
}
// ANCHOR_END: gil

/// The data that the mutex `Gil::state` guards.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) locked: bool,
    /// How often the lock was acquired by a thread other than its previous holder.
    pub(super) switches: u64,
    /// How many threads have been attached.
    attached: u64,
}

impl Default for Gil {
    /// Creates a lock with CPython's interval, [`SWITCH_INTERVAL`].
    fn default() -> Self {
        Self::new(SWITCH_INTERVAL)
    }
}

impl Gil {
    /// Creates a lock that isn't held.
    ///
    /// A waiting thread gives the holder `interval` before it sets the drop request. As in CPython, an interval below
    /// one microsecond is raised to one: waiting threads that set the request at once would keep the holder from
    /// working.
    pub fn new(interval: Duration) -> Self {
        Self {
            interval: interval.max(Duration::from_micros(1)),
            state: Mutex::new(State::default()),
            released: Condvar::new(),
            last_holder: Mutex::new(NOBODY),
            switched: Condvar::new(),
            drop_request: AtomicBool::new(false),
        }
    }

    /// Attaches a thread, which doesn't hold the lock yet.
    pub fn attach(&self) -> ThreadState<'_> {
        self.attach_watched(())
    }

    /// Attaches a thread. The lock notifies `watch` whenever the thread has acquired it and whenever the thread is
    /// about to release it.
    pub fn attach_watched<W: Watch>(&self, watch: W) -> ThreadState<'_, W> {
        let mut state = lock(&self.state);
        state.attached += 1;
        ThreadState { gil: self, id: state.attached, watch }
    }

    /// How often the lock was acquired by a thread other than its previous holder. The first acquisition counts.
    pub fn switches(&self) -> u64 {
        lock(&self.state).switches
    }

    // ANCHOR: take
    /// Blocks until thread `me` holds the lock.
    pub(super) fn take(&self, me: u64) {
        let mut state = lock(&self.state);
        while state.locked {
            let switches = state.switches;
            let wait = self.released.wait_timeout(state, self.interval);
            let (woken, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                self.request_drop(&state, switches);
            }
        }
        self.hold(&mut state, me);
        self.drop_request.store(false, Ordering::Relaxed);
    }
    // ANCHOR_END: take

    // ANCHOR: request
    /// Asks the holder to release the lock, if there is a holder and the number of switches is still `switches`.
    ///
    /// A waiting thread calls this when its interval has passed. If there was a switch during the interval, the lock
    /// has a new holder, which gets an interval of its own.
    pub(super) fn request_drop(&self, state: &State, switches: u64) {
        if state.locked && state.switches == switches {
            self.drop_request.store(true, Ordering::Relaxed);
        }
    }

    /// Makes thread `me` the holder of the lock, which is free, and wakes a thread that waits in `force_switch`.
    pub(super) fn hold(&self, state: &mut State, me: u64) {
        let mut last_holder = lock(&self.last_holder);
        state.locked = true;
        if *last_holder != me {
            *last_holder = me;
            state.switches += 1;
        }
        self.switched.notify_one();
    }
    // ANCHOR_END: request

    // ANCHOR: release
    /// Releases the lock. If the drop request is set, blocks until another thread has acquired the lock.
    pub(super) fn release(&self, me: u64) {
        self.unlock();
        if self.drop_request.load(Ordering::Relaxed) {
            self.force_switch(me);
        }
    }

    /// Marks the lock as free, and wakes one waiting thread.
    pub(super) fn unlock(&self) {
        let mut state = lock(&self.state);
        debug_assert!(state.locked, "only a holder lets go");
        state.locked = false;
        self.released.notify_one();
    }
    // ANCHOR_END: release

    // ANCHOR: force
    /// Blocks until a thread other than `me` has acquired the lock.
    ///
    /// The wait ends, because the drop request is set: the thread that set it is still waiting in `take`.
    pub(super) fn force_switch(&self, me: u64) {
        let mut last_holder = lock(&self.last_holder);
        while *last_holder == me {
            self.drop_request.store(false, Ordering::Relaxed);
            last_holder = self.switched.wait(last_holder).unwrap_or_else(PoisonError::into_inner);
        }
    }
    // ANCHOR_END: force
}

/// Locks a mutex, even if it's poisoned: the code of this module doesn't panic with a mutex locked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is notified when a thread's turns begin and end. The thread holds the lock during both calls, so recorded turns
/// never overlap.
///
/// `()` ignores the calls, at no cost. If a watcher panics, the lock stays held.
///
/// ```
/// use std::cell::RefCell;
/// use std::time::Instant;
///
/// use chapters::gil::{Gil, Watch};
///
/// #[derive(Default)]
/// struct Turns(RefCell<Vec<(Instant, bool)>>);
///
/// impl Watch for &Turns {
///     fn acquired(&self) {
///         self.0.borrow_mut().push((Instant::now(), true));
///     }
///     fn released(&self) {
///         self.0.borrow_mut().push((Instant::now(), false));
///     }
/// }
///
/// let (gil, turns) = (Gil::default(), Turns::default());
/// gil.attach_watched(&turns).take().allow_threads(|| {});
/// let acquired: Vec<bool> = turns.0.take().into_iter().map(|(_, acquired)| acquired).collect();
/// assert_eq!(acquired, [true, false, true, false]);
/// ```
pub trait Watch {
    /// The thread has just acquired the lock.
    fn acquired(&self);
    /// The thread is about to release the lock.
    fn released(&self);
}

impl Watch for () {
    #[inline]
    fn acquired(&self) {}
    #[inline]
    fn released(&self) {}
}

/// A thread that is attached to a [`Gil`].
///
/// `take` borrows the thread state, so a thread that holds the lock can't wait for itself:
///
/// ```compile_fail,E0499
/// # let gil = chapters::gil::Gil::default();
/// let mut thread = gil.attach();
/// let first = thread.take();
/// let second = thread.take();
/// drop(first);
/// ```
#[derive(Debug)]
pub struct ThreadState<'gil, W: Watch = ()> {
    gil: &'gil Gil,
    id: u64,
    watch: W,
}

impl<W: Watch> ThreadState<'_, W> {
    /// Blocks until this thread holds the lock, and holds it until the guard is dropped.
    ///
    /// If the holder passes checkpoints, the wait lasts an interval plus the time until the holder's next checkpoint.
    /// Waiting threads aren't ordered, so other threads may get their turns first.
    pub fn take(&mut self) -> GilGuard<'_, W> {
        self.acquire();
        GilGuard { thread: self }
    }

    fn acquire(&self) {
        self.gil.take(self.id);
        self.watch.acquired();
    }

    fn release(&self) {
        self.watch.released();
        self.gil.release(self.id);
    }
}

/// A [`Gil`] that is held by a thread. Dropping the guard releases the lock, even during a panic.
///
/// If the drop request is set, dropping the guard blocks until another thread has acquired the lock.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct GilGuard<'a, W: Watch = ()> {
    thread: &'a ThreadState<'a, W>,
}

impl<W: Watch> GilGuard<'_, W> {
    // ANCHOR: checkpoint
    /// If the drop request is set, lets another thread have a turn, and blocks until this thread holds the lock again.
    ///
    /// Call it where a loop starts over. It costs one relaxed load if the request isn't set.
    #[inline]
    pub fn checkpoint(&mut self) {
        if self.thread.gil.drop_request.load(Ordering::Relaxed) {
            self.give_way();
        }
    }

    #[cold]
    fn give_way(&mut self) {
        self.thread.release();
        self.thread.acquire();
    }
    // ANCHOR_END: checkpoint

    // ANCHOR: allow_threads
    /// Releases the lock while `blocking` runs, then blocks until this thread holds it again, even after a panic.
    ///
    /// Use it for code that waits for I/O, or computes for a long time without touching the data that the lock
    /// protects. The guard is borrowed while `blocking` runs, so the compiler rejects a `blocking` that calls
    /// `checkpoint` without holding the lock.
    pub fn allow_threads<T>(&mut self, blocking: impl FnOnce() -> T) -> T {
        struct TakeBack<'a, W: Watch>(&'a ThreadState<'a, W>);
        impl<W: Watch> Drop for TakeBack<'_, W> {
            fn drop(&mut self) {
                self.0.acquire();
            }
        }
        self.thread.release();
        let _back = TakeBack(self.thread);
        blocking()
    }
    // ANCHOR_END: allow_threads
}

impl<W: Watch> Drop for GilGuard<'_, W> {
    fn drop(&mut self) {
        self.thread.release();
    }
}
