//! The counterpart of [`std::sync::Condvar`].

use std::panic::Location;
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

use super::MutexGuard;
use super::mutex::{release, take};
use crate::scheduler::engine::{current, quietly, step};
use crate::scheduler::place;
use crate::scheduler::world::{Object, ObjectId, Op};

/// A condition variable: see [`std::sync::Condvar`].
///
/// A notification wakes any of the waiting threads, as a choice. Spurious wakeups are a choice as well, if
/// [`Options::spurious_wakeups`](crate::scheduler::Options::spurious_wakeups) allows them.
#[derive(Debug)]
pub struct Condvar(ObjectId);

/// Whether a wait ended because of its timeout: see [`std::sync::WaitTimeoutResult`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the timeout expired.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    /// Creates a condition variable that no thread waits on.
    #[track_caller]
    pub fn new() -> Self {
        let name = place::name(current().0.sources, Location::caller(), "Condvar");
        Self(quietly(|world, thread| world.add(thread, name, Object::Condvar { waiting: vec![], notified: vec![] })))
    }

    /// Unlocks the mutex, waits for a notification, and locks it again. The second result says whether the wait timed
    /// out.
    #[track_caller]
    pub(super) fn wait_timed<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timed: bool,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        let (condvar, mutex, shown, written) = (self.0, guard.mutex, guard.shown(), guard.written);
        let id = mutex.id;
        // From here on, the mutex is locked and unlocked by the steps below.
        guard.released = true;
        drop(guard);
        step(Op::Wait { condvar, mutex: id, timed }, String::new(), |world, thread, _| {
            release(world, thread, id, shown, written, false);
            let Object::Condvar { waiting, .. } = &mut world.objects[condvar].1 else { return };
            waiting.push(thread);
        });
        let woken = step(Op::Wake { condvar, mutex: id, timed }, String::new(), |world, thread, _| {
            let Object::Condvar { waiting, notified } = &mut world.objects[condvar].1 else { return (None, false) };
            waiting.retain(|other| *other != thread);
            if let Some(place) = notified.iter().position(|other| *other == thread) {
                notified.remove(place);
                world.saw(thread, "notified");
                return (Some(take(world, thread, id)), false);
            }
            // The label of the choice says which of the two it is.
            if world.threads[thread].observed.contains("spurious") {
                world.options.spurious_wakeups -= 1;
                world.saw(thread, "spurious");
                (None, false)
            } else {
                world.timed_out(thread);
                (None, true)
            }
        });
        match woken {
            Some((Some(poisoned), timed_out)) => (mutex.result(poisoned), timed_out),
            Some((None, timed_out)) => (mutex.lock(), timed_out),
            None => (Ok(mutex.guard()), false),
        }
    }

    /// Unlocks the mutex, blocks until notified, and locks the mutex again.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_timed(guard, false).0
    }

    /// Waits as long as `condition` is true of the value.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits until notified, or until the timeout expires.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) = self.wait_timed(guard, true);
        let result = WaitTimeoutResult(timed_out);
        match guard {
            Ok(guard) => Ok((guard, result)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
        }
    }

    /// Waits as long as `condition` is true of the value, or until the timeout expires.
    ///
    /// # Errors
    ///
    /// When a thread panicked while it held the mutex.
    #[track_caller]
    pub fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        loop {
            if !condition(&mut guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let result;
            (guard, result) = self.wait_timeout(guard, timeout)?;
            if result.timed_out() {
                let result = WaitTimeoutResult(condition(&mut guard));
                return Ok((guard, result));
            }
        }
    }

    /// Wakes one of the waiting threads.
    #[track_caller]
    pub fn notify_one(&self) {
        let id = self.0;
        step(Op::NotifyOne(id), String::new(), |world, thread, way| {
            let Object::Condvar { waiting, notified } = &mut world.objects[id].1 else { return };
            let woken = (!waiting.is_empty()).then(|| waiting.remove(way));
            notified.extend(woken);
            let observed = match woken {
                Some(woken) => format!("wakes {}", world.thread_name(woken)),
                None => "no thread is waiting".to_owned(),
            };
            world.observed(thread, observed);
        });
    }

    /// Wakes all waiting threads.
    #[track_caller]
    pub fn notify_all(&self) {
        let id = self.0;
        step(Op::NotifyAll(id), String::new(), |world, thread, _| {
            let Object::Condvar { waiting, notified } = &mut world.objects[id].1 else { return };
            let woken = std::mem::take(waiting);
            notified.extend(&woken);
            let names: Vec<&str> = woken.iter().map(|woken| world.thread_name(*woken)).collect();
            let observed = match names.as_slice() {
                [] => "no thread is waiting".to_owned(),
                names => format!("wakes {}", names.join(", ")),
            };
            world.observed(thread, observed);
        });
    }
}
