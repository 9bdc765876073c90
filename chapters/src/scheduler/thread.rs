//! Threads: see [`std::thread`].
//!
//! They are real threads of the operating system, but only the one that's scheduled runs. The main thread is called
//! `main`, and the others are called `A`, `B`, `C`, and so on, in the order in which they are spawned.

use std::fmt::{self, Debug};
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

pub use std::thread::{Result, panicking};

use super::engine::{self, add_thread, quietly, run_thread, start_thread, step};
use super::world::{END_OF_SCOPE, Op, ThreadId, World};

/// A thread: see [`std::thread::Thread`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread(ThreadId);

/// The number of a thread: see [`std::thread::ThreadId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(ThreadId);

impl Id {
    /// The number: 0 for the main thread, 1 for A, and so on.
    pub fn number(self) -> usize {
        self.0
    }
}

impl Thread {
    /// Lets the thread continue if it's parked, or keeps it from blocking the next time it parks.
    #[track_caller]
    pub fn unpark(&self) {
        let target = self.0;
        step(Op::Unpark(target), String::new(), |world, thread, _| {
            let view = world.view(thread);
            let target = &mut world.threads[target];
            target.parked_token = true;
            super::world::join(&mut target.token_view, &view);
        });
    }

    /// The number of the thread.
    pub fn id(&self) -> Id {
        Id(self.0)
    }
}

/// The calling thread.
pub fn current() -> Thread {
    Thread(engine::current().1)
}

/// Blocks until another thread unparks the calling one, or until it wakes up spuriously, if
/// [`Options::spurious_wakeups`](super::Options::spurious_wakeups) allows that.
#[track_caller]
pub fn park() {
    park_timed(false);
}

/// Blocks until another thread unparks the calling one, or the timeout expires.
#[track_caller]
pub fn park_timeout(_timeout: Duration) {
    park_timed(true);
}

#[track_caller]
fn park_timed(timed: bool) {
    step(Op::Park { timed }, String::new(), |world, thread, _| {
        if !world.threads[thread].parked_token {
            // The label of the choice says which of the two it is.
            if world.threads[thread].observed.contains("spurious") {
                world.options.spurious_wakeups -= 1;
                return world.saw(thread, "spurious");
            }
            return world.timed_out(thread);
        }
        world.threads[thread].parked_token = false;
        let view = world.threads[thread].token_view.clone();
        world.acquire(thread, &view);
    });
}

/// Lets other threads go first: it's possible when another thread has changed something, or when no other thread can
/// take a step. So a loop that yields doesn't repeat itself without need.
#[track_caller]
pub fn yield_now() {
    step(Op::Yield { seen: 0 }, String::new(), |world, thread, _| {
        world.idles(thread);
        world.see_newest_store(thread);
    });
}

/// A step that does nothing: other threads may take any number of steps before it.
#[track_caller]
pub fn sleep(_duration: Duration) {
    step(Op::Sleep, String::new(), |_, _, _| ());
}

#[track_caller]
fn join(thread: ThreadId, detail: &str) {
    step(Op::Join(thread), detail.to_owned(), |world, joining, _| {
        let (view, history) = (world.view(thread), world.threads[thread].history);
        world.acquire(joining, &view);
        world.threads[thread].scope = None;
        world.saw(joining, history);
    });
}

#[track_caller]
fn is_finished(of: ThreadId) -> bool {
    let finished = step(Op::IsFinished(of), String::new(), |world, thread, _| {
        let finished = world.threads[of].finished;
        world.saw(thread, finished);
        world.observed(thread, if finished { "it has" } else { "it hasn't" });
        finished
    });
    finished.unwrap_or(true)
}

/// Owns a thread: see [`std::thread::JoinHandle`].
pub struct JoinHandle<T> {
    id: ThreadId,
    handle: std::thread::JoinHandle<Result<T>>,
}

impl<T> Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.id).finish()
    }
}

/// Spawns a thread, which runs to its first operation at once.
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let (shared, id) = add_thread();
    let handle = std::thread::spawn(move || run_thread(shared, id, body));
    start_thread(id);
    JoinHandle { id, handle }
}

impl<T> JoinHandle<T> {
    /// Blocks until the thread has finished.
    ///
    /// # Errors
    ///
    /// When it panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        join(self.id, "");
        self.handle.join().and_then(|result| result)
    }

    /// The thread.
    pub fn thread(&self) -> Thread {
        Thread(self.id)
    }

    /// Whether the thread has finished.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        is_finished(self.id)
    }
}

/// A scope that threads are spawned in: see [`std::thread::Scope`].
#[repr(transparent)]
pub struct Scope<'scope, 'env: 'scope>(std::thread::Scope<'scope, 'env>);

impl<'scope, 'env> Scope<'scope, 'env> {
    fn from_std(scope: &'scope std::thread::Scope<'scope, 'env>) -> &'scope Self {
        // SAFETY: a scope has the same representation as the standard library's, because of `repr(transparent)`.
        unsafe { &*std::ptr::from_ref(scope).cast() }
    }

    /// A number that the other scopes that exist don't have.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Owns a thread of a scope: see [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T> {
    id: ThreadId,
    handle: std::thread::ScopedJoinHandle<'scope, Result<T>>,
}

impl<T> Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedJoinHandle").field(&self.id).finish()
    }
}

/// The panic message of a scope in which a thread panicked, which says nothing that the thread's own message doesn't.
pub(super) const SCOPED_PANIC: &str = "a scoped thread panicked";

/// Creates a scope, in which threads may borrow local variables, and waits for them at its end.
///
/// # Panics
///
/// When `body` panicked, or a thread that wasn't joined.
#[track_caller]
pub fn scope<'env, T>(body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T) -> T {
    let (result, panicked) = std::thread::scope(|inner| {
        let scope = Scope::from_std(inner);
        // If it panics, the scope still waits for its threads.
        let result = match panic::catch_unwind(AssertUnwindSafe(|| body(scope))) {
            Err(payload) if engine::is_abandoned(&*payload) => panic::resume_unwind(payload),
            result => result,
        };
        let of_scope = |world: &World| {
            let threads = world.threads.iter().enumerate();
            threads.filter(|(_, thread)| thread.scope == Some(scope.address())).map(|(id, _)| id).collect::<Vec<_>>()
        };
        let left = quietly(|world, _| of_scope(world));
        left.iter().for_each(|thread| join(*thread, END_OF_SCOPE));
        let panicked = quietly(|world, _| left.iter().any(|thread| world.threads[*thread].panicked.is_some()));
        (result.unwrap_or_else(|payload| panic::resume_unwind(payload)), panicked)
    });
    assert!(!panicked, "{SCOPED_PANIC}");
    result
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread in the scope.
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        let (shared, id) = add_thread();
        quietly(|world, _| world.threads[id].scope = Some(self.address()));
        let handle = self.0.spawn(move || run_thread(shared, id, body));
        start_thread(id);
        ScopedJoinHandle { id, handle }
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Blocks until the thread has finished.
    ///
    /// # Errors
    ///
    /// When it panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        join(self.id, "");
        self.handle.join().and_then(|result| result)
    }

    /// The thread.
    pub fn thread(&self) -> Thread {
        Thread(self.id)
    }

    /// Whether the thread has finished.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        is_finished(self.id)
    }
}
