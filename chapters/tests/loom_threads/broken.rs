//! Mutants: versions of the methods in `src/threads` with one step left out. A model must fail with each of them.

use std::mem;

use super::lock::{CONTENDED, UNLOCKED};
use super::*;
use crate::errors::Broken;
use crate::sync::{Condvar, Mutex, Ordering, lock, wait_until};

pub mod lock_ {
    use super::*;

    /// Doesn't wake a waiting thread.
    pub fn release_without_wake<T>(guard: LockGuard<T>) {
        guard.lock().state.swap(UNLOCKED, Ordering::Release);
        mem::forget(guard);
    }

    /// Notifies without locking `park`, perhaps before the waiting thread is asleep.
    pub fn release_without_park<T>(guard: LockGuard<T>) {
        if guard.lock().state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            guard.lock().unparked.notify_one();
        }
        mem::forget(guard);
    }

    /// Doesn't publish the holder's writes.
    pub fn release_relaxed<T>(guard: LockGuard<T>) {
        if guard.lock().state.swap(UNLOCKED, Ordering::Relaxed) == CONTENDED {
            drop(lock(&guard.lock().park));
            guard.lock().unparked.notify_one();
        }
        mem::forget(guard);
    }

    /// Unlocks before the last write.
    pub fn add_one_after_release(mut guard: LockGuard<usize>) {
        // SAFETY: None, and so loom reports a data race.
        unsafe { guard.lock().unlock() };
        *guard += 1;
        mem::forget(guard);
    }

    /// Assumes that the lock is free after one wakeup.
    pub fn acquire_without_loop<T>(of: &Lock<T>) -> LockGuard<'_, T> {
        let parking = lock(&of.park);
        if of.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            drop(wait_until(&of.unparked, parking, None));
        }
        // SAFETY: Only as far as loom doesn't report a data race.
        unsafe { LockGuard::new(of) }
    }

    /// Acquires the lock as `LOCKED` after sleeping, as if no other thread could be asleep.
    pub fn acquire_as_locked<T>(of: &Lock<T>) -> LockGuard<'_, T> {
        let mut parking = lock(&of.park);
        loop {
            if let Some(guard) = of.try_acquire() {
                return guard;
            }
            if of.state.swap(CONTENDED, Ordering::Acquire) == UNLOCKED {
                // SAFETY: Only as far as loom doesn't report a data race.
                return unsafe { LockGuard::new(of) };
            }
            (parking, _) = wait_until(&of.unparked, parking, None);
        }
    }

    /// Swaps before it locks `park`.
    pub fn acquire_without_park<T>(of: &Lock<T>) -> LockGuard<'_, T> {
        while of.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            drop(wait_until(&of.unparked, lock(&of.park), None));
        }
        // SAFETY: Only as far as loom doesn't report a data race.
        unsafe { LockGuard::new(of) }
    }
}

pub mod condition_ {
    use super::*;

    /// Releases the lock, and then enters the queue.
    pub fn wait_entering_late<'a, T>(condition: &Condition, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        let lock_to_acquire = guard.lock();
        drop(guard);
        drop(condition.wait(Lock::new().acquire()));
        lock_to_acquire.acquire()
    }

    /// Removes a waiter from the queue, and doesn't wake it.
    pub fn notify_without_wake(condition: &Condition) {
        condition.dequeue(1);
    }

    /// Reports a timeout without checking whether it was notified.
    pub fn wait_without_remove_check<'a, T>(
        condition: &Condition,
        guard: LockGuard<'a, T>,
    ) -> (LockGuard<'a, T>, bool) {
        let (lock_to_acquire, waiter) = (guard.lock(), condition.enqueue());
        drop(guard);
        let notified = waiter.park_until(crate::sync::deadline_after(LONG));
        condition.remove(&waiter);
        (lock_to_acquire.acquire(), notified)
    }

    /// Waits with a waiter that is already unparked, and so doesn't block.
    pub fn wait_with_unparked_waiter<'a, T>(
        condition: &Condition,
        guard: LockGuard<'a, T>,
    ) -> (LockGuard<'a, T>, bool) {
        let (lock_to_acquire, waiter) = (guard.lock(), condition.enqueue());
        waiter.unpark();
        drop(guard);
        let notified = waiter.park_until(crate::sync::deadline_after(LONG)) || !condition.remove(&waiter);
        (lock_to_acquire.acquire(), notified)
    }

    /// A condition that counts notifications instead of addressing them, so any waiting thread can use one.
    #[derive(Debug, Default)]
    pub struct Counting {
        counts: Mutex<Counts>,
        notified: Condvar,
    }

    #[derive(Debug, Default)]
    struct Counts {
        waiting: usize,
        notifications: usize,
    }

    impl Counting {
        pub fn notify_one(&self) {
            let mut counts = lock(&self.counts);
            counts.notifications = counts.waiting.min(counts.notifications + 1);
            self.notified.notify_one();
        }

        pub fn wait_timeout<'a, T>(&self, guard: LockGuard<'a, T>) -> (LockGuard<'a, T>, bool) {
            let lock_to_acquire = guard.lock();
            let mut counts = lock(&self.counts);
            counts.waiting += 1;
            drop(guard);
            let mut in_time = true;
            while counts.notifications == 0 && in_time {
                (counts, in_time) = wait_until(&self.notified, counts, crate::sync::deadline_after(LONG));
            }
            let notified = counts.notifications > 0;
            counts.notifications -= usize::from(notified);
            counts.waiting -= 1;
            drop(counts);
            (lock_to_acquire.acquire(), notified)
        }
    }
}

pub mod event_ {
    use super::*;

    /// Checks the flag before it locks the flag to wait.
    pub fn wait_after_unlocked_check(event: &Event) {
        if !event.is_set() {
            drop(event.happened.wait(event.flag.acquire()));
        }
    }

    /// Waits until it finds the flag set, and so misses one that was set and cleared.
    pub fn wait_for_the_flag(event: &Event) {
        drop(event.happened.wait_for(event.flag.acquire(), |flag| *flag));
    }
}

pub mod semaphore_ {
    use super::*;

    /// Adds a permit, and doesn't wake a waiting thread.
    pub fn release_without_wake(semaphore: &Semaphore) {
        *semaphore.permits.acquire() += 1;
    }

    /// Wakes one thread, however many permits it adds.
    pub fn release_waking_one(semaphore: &Semaphore, n: usize) {
        *semaphore.permits.acquire() += n;
        semaphore.released.notify(1);
    }

    /// Assumes that a permit is available after one wakeup.
    pub fn acquire_without_loop(semaphore: &Semaphore) {
        let mut permits = semaphore.permits.acquire();
        if *permits == 0 {
            permits = semaphore.released.wait(permits);
        }
        *permits = permits.checked_sub(1).expect("there is a permit");
    }
}

pub mod barrier_ {
    use super::*;
    use crate::threads::barrier::Phase;

    /// Starts a round before the previous one has drained.
    pub fn wait_without_draining(barrier: &Barrier) -> Result<usize, Broken> {
        let mut round = barrier.round.acquire();
        let index = round.inside;
        round.inside += 1;
        if round.inside == barrier.parties() {
            barrier.complete(&mut round);
        } else {
            round = barrier.changed.wait_for(round, |round| round.phase != Phase::Filling);
        }
        round.inside -= 1;
        if round.inside == 0 {
            round.phase = Phase::Filling;
        }
        Ok(index)
    }

    /// Leaves after a timeout, and doesn't break the barrier.
    pub fn wait_timeout_without_breaking(barrier: &Barrier) -> Result<usize, Broken> {
        let mut round = barrier.round.acquire();
        round.inside += 1;
        let filled = |round: &mut barrier::Round| round.phase != Phase::Filling;
        let (mut round, _) = barrier.changed.wait_for_timeout(round, LONG, filled);
        round.inside -= 1;
        Err(Broken)
    }
}

pub mod queue_ {
    use super::*;

    /// Puts an item, and doesn't wake a waiting thread.
    pub fn put_without_wake(queue: &Queue<u32>, item: u32) {
        let mut content = queue.content.acquire();
        content.unfinished += 1;
        content.items.push_back(item);
    }

    /// Assumes that there is an item after one wakeup.
    pub fn get_without_loop(queue: &Queue<u32>) -> u32 {
        let mut content = queue.content.acquire();
        if content.items.is_empty() {
            content = queue.not_empty.wait(content);
        }
        let item = content.items.pop_front().expect("there is an item");
        drop(content);
        queue.not_full.notify(1);
        item
    }

    /// Checks for an item before it locks the queue to wait.
    pub fn get_after_unlocked_check(queue: &Queue<u32>) -> u32 {
        while queue.is_empty() {
            drop(queue.not_empty.wait(queue.content.acquire()));
        }
        queue.get().unwrap()
    }

    /// Takes an item, and doesn't wake a thread that waits for room.
    pub fn get_without_wake(queue: &Queue<u32>) -> u32 {
        let content = queue.not_empty.wait_for(queue.content.acquire(), |content| !content.items.is_empty());
        { content }.items.pop_front().unwrap()
    }

    /// Counts a task as done, and doesn't wake threads in `join`.
    pub fn task_done_without_wake(queue: &Queue<u32>) {
        queue.content.acquire().unfinished -= 1;
    }

    /// Wakes only one of the threads that wait for an item.
    pub fn shutdown_waking_one(queue: &Queue<u32>) {
        queue.content.acquire().shut_down = true;
        queue.not_empty.notify(1);
    }
}
