//! A global interpreter lock: threads take turns, and whoever waits long enough asks the holder for a turn.
//!
//! It differs from a [`Mutex`] in who decides when to let go. The holder of a mutex keeps it for as
//! long as it likes, and one that unlocks and locks again at once will mostly get it back, since it is running and the
//! others have yet to wake up. A [`Gil`] is held nearly all the time, by threads that never mean to let go, so it adds
//! two rules:
//!
//! - *Turns on request.* A waiter gives the holder one *interval*. If nobody else had a turn by then, it sets the drop
//!   request. The holder looks at it whenever it passes a [checkpoint](GilGuard::checkpoint), and gives way.
//! - *Forced switching.* A holder that was asked to let go does not go on before another thread has had the lock.
//!
//! There are no priorities, and no order: which waiter is next is up to the operating system.
//!
//! # Step by step
//!
//! The steps are those of `Python/ceval_gil.c` in CPython 3.12, before 3.12 `Python/ceval_gil.h`. Side by side:
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
//! Three things differ. A mutex here owns what it guards, so that `last_holder` cannot be read without its lock; in C a
//! comment has to ask for it. A guard cannot change hands, so a release need not note down again who held. And a releaser
//! that waits for a switch looks again whenever it wakes, where the C code trusts its first wake-up.
//!
//! There is one drop request for each lock, as in CPython up to 3.12: it means whoever holds the lock. One in each thread
//! state (3.13) says the same, since only the holder ever looks.
//!
//! # Orderings
//!
//! The drop request is *relaxed* throughout: it carries no data. What one holder wrote, the next one sees because both
//! lock `state`. A holder that sees the request late gives way one checkpoint later. And no request is lost to a clearing
//! store that passes it: requests are made under `state` while the lock is held, so they come after its holder's take,
//! which cleared the last one under `state` as well. The clearing in a forced switch comes before the next take, by the
//! lock of `last_holder`.
//!
//! # History
//!
//! Before Python 3.2 the holder let go after 100 bytecodes and could take the lock right back; this design, by Antoine
//! Pitrou, has been CPython's since 3.2. It is a lock per interpreter since 3.12 (PEP 684), which Python code can use
//! since 3.14 (PEP 734), and a build without it is experimental in 3.13 (PEP 703) and supported in 3.14 (PEP 779).

use std::time::Duration;

use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, PoisonError};

/// How long a waiter leaves the holder alone, unless told otherwise: CPython's `sys.getswitchinterval()`.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// The last holder of a lock that nobody has held yet; threads are numbered from 1.
const NOBODY: u64 = 0;

/// A lock that threads take turns under.
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
/// assert_eq!(gil.switches(), 1); // nobody but this thread ever held it
/// ```
#[derive(Debug)]
// ANCHOR: gil
pub struct Gil {
    interval: Duration,
    pub(super) state: Mutex<State>,
    /// Signalled, for one waiter, when `locked` becomes false.
    pub(super) released: Condvar,
    /// Who holds the lock, or held it last. Locked after `state` where both are.
    pub(super) last_holder: Mutex<u64>,
    /// Signalled when the lock is taken.
    pub(super) switched: Condvar,
    /// Set while a waiter wants the holder to let go.
    pub(super) drop_request: AtomicBool,
}
// ANCHOR_END: gil

/// What the first of the two mutexes guards.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) locked: bool,
    /// How often the lock went to another thread than the one that had it before.
    pub(super) switches: u64,
    /// How many threads have been attached.
    attached: u64,
}

impl Default for Gil {
    /// Makes a lock with CPython's interval, [`SWITCH_INTERVAL`].
    fn default() -> Self {
        Self::new(SWITCH_INTERVAL)
    }
}

impl Gil {
    /// Makes a lock that nobody holds.
    ///
    /// A waiter leaves the holder alone for `interval`, which is raised to one microsecond if it is shorter, as in
    /// CPython: a waiter that never waits would keep the holder from working.
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

    /// Introduces a thread, which does not hold the lock yet.
    pub fn attach(&self) -> ThreadState<'_> {
        self.attach_watched(())
    }

    /// Introduces a thread, and has `watch` told whenever it gets the lock and whenever it is about to give it back.
    pub fn attach_watched<W: Watch>(&self, watch: W) -> ThreadState<'_, W> {
        let mut state = lock(&self.state);
        state.attached += 1;
        ThreadState { gil: self, id: state.attached, watch }
    }

    /// How often the lock went to another thread than the one that had it before. The first take counts.
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
    /// Asks the holder to let go, if there is one and nobody has had a turn since there were `switches` of them.
    ///
    /// A waiter whose interval has passed calls this. If there was a turn, the holder is new, and has an interval of its
    /// own to look forward to.
    pub(super) fn request_drop(&self, state: &State, switches: u64) {
        if state.locked && state.switches == switches {
            self.drop_request.store(true, Ordering::Relaxed);
        }
    }

    /// Makes thread `me` the holder of the lock, which is free, and tells a releaser that waits for that.
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
    /// Gives the lock back. Blocks until another thread has it, if one asked for it.
    pub(super) fn release(&self, me: u64) {
        self.unlock();
        if self.drop_request.load(Ordering::Relaxed) {
            self.force_switch(me);
        }
    }

    /// Marks the lock as free, and wakes one of those who wait for that.
    pub(super) fn unlock(&self) {
        let mut state = lock(&self.state);
        debug_assert!(state.locked, "only a holder lets go");
        state.locked = false;
        self.released.notify_one();
    }
    // ANCHOR_END: release

    // ANCHOR: force
    /// Blocks until another thread than `me` has taken the lock.
    ///
    /// It will: the request is set, so the thread that set it is still waiting to take.
    pub(super) fn force_switch(&self, me: u64) {
        let mut last_holder = lock(&self.last_holder);
        while *last_holder == me {
            self.drop_request.store(false, Ordering::Relaxed);
            last_holder = self.switched.wait(last_holder).unwrap_or_else(PoisonError::into_inner);
        }
    }
    // ANCHOR_END: force
}

/// Locks a mutex. No code of this module panics while it holds one, so a poisoned mutex guards nothing broken.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is told when a thread's turns begin and end, while the thread holds the lock: turns that are noted down here never
/// overlap.
///
/// `()` watches nothing and costs nothing. A watcher that panics leaves the lock held.
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
    /// The thread has just got the lock.
    fn acquired(&self);
    /// The thread is about to give the lock back.
    fn released(&self);
}

impl Watch for () {
    #[inline]
    fn acquired(&self) {}
    #[inline]
    fn released(&self) {}
}

/// What a [`Gil`] knows about a thread.
///
/// Taking the lock borrows the thread state, so a thread that holds the lock cannot wait for itself:
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
    /// There is no order among those who wait. If the holder passes checkpoints, this takes an interval and as long as
    /// the holder needs to its next one; and longer by as many turns as other waiters have first.
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

/// Holds a [`Gil`] for a thread, and gives it back when dropped, also by a panic.
///
/// Dropping it blocks until another thread has the lock, if one asked for it.
#[derive(Debug)]
#[must_use = "the lock is given back when the guard is dropped"]
pub struct GilGuard<'a, W: Watch = ()> {
    thread: &'a ThreadState<'a, W>,
}

impl<W: Watch> GilGuard<'_, W> {
    // ANCHOR: checkpoint
    /// Lets another thread have a turn, if one has asked for it, and blocks until the lock is back.
    ///
    /// Belongs where a loop starts over. Costs one relaxed load if nobody has asked.
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
    /// Gives the lock back for as long as `blocking` runs, then blocks until the lock is back, also after a panic.
    ///
    /// For whatever waits for the outside world, or works for long without touching what the lock protects. The guard
    /// is borrowed meanwhile: the compiler rejects a `blocking` that passes a checkpoint of a lock it does not hold.
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
