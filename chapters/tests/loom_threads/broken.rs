//! The primitives and the queue with a mistake in them: each function does the steps of the method that it is named after,
//! but for one.

use std::mem;

use super::lock::{CONTENDED, UNLOCKED};
use super::*;
use crate::errors::Broken;
use crate::sync::{Condvar, Mutex, Ordering, lock, wait_until};

pub mod lock_ {
    use super::*;

    /// Whoever lets go wakes nobody.
    pub fn release_without_wake<T>(guard: LockGuard<T>) {
        guard.lock().state.swap(UNLOCKED, Ordering::Release);
        mem::forget(guard);
    }

    /// Notifies without locking `park`, and so maybe before the waiting thread is asleep.
    pub fn release_without_park<T>(guard: LockGuard<T>) {
        if guard.lock().state.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            guard.lock().unparked.notify_one();
        }
        mem::forget(guard);
    }

    /// Whoever lets go does not publish what it did.
    pub fn release_relaxed<T>(guard: LockGuard<T>) {
        if guard.lock().state.swap(UNLOCKED, Ordering::Relaxed) == CONTENDED {
            drop(lock(&guard.lock().park));
            guard.lock().unparked.notify_one();
        }
        mem::forget(guard);
    }

    /// The lock is free a moment before the holder is done.
    pub fn add_one_after_release(mut guard: LockGuard<usize>) {
        // SAFETY: None, and so loom reports a data race.
        unsafe { guard.lock().unlock() };
        *guard += 1;
        mem::forget(guard);
    }

    /// Whoever wakes takes the lock without a look at whether it is free.
    pub fn acquire_with_one_look<T>(of: &Lock<T>) -> LockGuard<'_, T> {
        let parking = lock(&of.park);
        if of.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            drop(wait_until(&of.unparked, parking, None));
        }
        // SAFETY: Only as far as loom doesn't report a data race.
        unsafe { LockGuard::new(of) }
    }

    /// Whoever has slept takes the lock as if nobody else could be sleeping.
    pub fn acquire_forgetting_the_others<T>(of: &Lock<T>) -> LockGuard<'_, T> {
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

    /// Whoever waits looks at the state before it is sure to be woken.
    pub fn acquire_with_a_look_outside<T>(of: &Lock<T>) -> LockGuard<'_, T> {
        while of.state.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            drop(wait_until(&of.unparked, lock(&of.park), None));
        }
        // SAFETY: Only as far as loom doesn't report a data race.
        unsafe { LockGuard::new(of) }
    }
}

pub mod condition_ {
    use super::*;

    /// Gives the lock back, and only then takes a place in the line.
    pub fn wait_joining_late<'a, T>(condition: &Condition, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        let lock_to_acquire = guard.lock();
        drop(guard);
        drop(condition.wait(Lock::new().acquire()));
        lock_to_acquire.acquire()
    }

    /// Takes one of those who wait out of the line, and does not wake it.
    pub fn notify_without_wake(condition: &Condition) {
        condition.dequeue(1);
    }

    /// Sees that its time is up, and not that it was called.
    pub fn wait_forgetting_the_call<'a, T>(condition: &Condition, guard: LockGuard<'a, T>) -> (LockGuard<'a, T>, bool) {
        let (lock_to_acquire, waiter) = (guard.lock(), condition.enqueue());
        drop(guard);
        let notified = waiter.park_until(crate::sync::deadline_after(LONG));
        condition.remove(&waiter);
        (lock_to_acquire.acquire(), notified)
    }

    /// Lies down in a bed that is free, and so does not sleep.
    pub fn wait_in_a_free_bed<'a, T>(condition: &Condition, guard: LockGuard<'a, T>) -> (LockGuard<'a, T>, bool) {
        let (lock_to_acquire, waiter) = (guard.lock(), condition.enqueue());
        waiter.unpark();
        drop(guard);
        let notified = waiter.park_until(crate::sync::deadline_after(LONG)) || !condition.remove(&waiter);
        (lock_to_acquire.acquire(), notified)
    }

    /// A condition that counts notifications, and gives one to whoever comes for it first.
    #[derive(Debug, Default)]
    pub struct Counting {
        line: Mutex<Counts>,
        notified: Condvar,
    }

    #[derive(Debug, Default)]
    struct Counts {
        sleeping: usize,
        notifications: usize,
    }

    impl Counting {
        pub fn notify_one(&self) {
            let mut line = lock(&self.line);
            line.notifications = line.sleeping.min(line.notifications + 1);
            self.notified.notify_one();
        }

        pub fn wait_timeout<'a, T>(&self, guard: LockGuard<'a, T>) -> (LockGuard<'a, T>, bool) {
            let lock_to_acquire = guard.lock();
            let mut line = lock(&self.line);
            line.sleeping += 1;
            drop(guard);
            let mut in_time = true;
            while line.notifications == 0 && in_time {
                (line, in_time) = wait_until(&self.notified, line, crate::sync::deadline_after(LONG));
            }
            let notified = line.notifications > 0;
            line.notifications -= usize::from(notified);
            line.sleeping -= 1;
            drop(line);
            (lock_to_acquire.acquire(), notified)
        }
    }
}

pub mod event_ {
    use super::*;

    /// Looks at the flag, and locks it later.
    pub fn wait_after_a_look_outside(event: &Event) {
        if !event.is_set() {
            drop(event.happened.wait(event.flag.acquire()));
        }
    }

    /// Waits for the flag as it is found, and so for one that was set and cleared again.
    pub fn wait_for_the_flag(event: &Event) {
        drop(event.happened.wait_for(event.flag.acquire(), |flag| *flag));
    }
}

pub mod semaphore_ {
    use super::*;

    /// Adds a permit, and wakes nobody.
    pub fn release_without_wake(semaphore: &Semaphore) {
        *semaphore.permits.acquire() += 1;
    }

    /// Wakes one, whatever the number of permits.
    pub fn release_waking_one(semaphore: &Semaphore, n: usize) {
        *semaphore.permits.acquire() += n;
        semaphore.released.notify(1);
    }

    /// Takes a permit after one wake-up, whether or not it is there.
    pub fn acquire_with_one_look(semaphore: &Semaphore) {
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

    /// Begins a round while some of the last one have yet to go.
    pub fn wait_without_draining(barrier: &Barrier) -> Result<usize, Broken> {
        let mut round = barrier.round.acquire();
        let index = round.inside;
        round.inside += 1;
        if round.inside == barrier.parties() {
            barrier.act(&mut round);
        } else {
            round = barrier.changed.wait_for(round, |round| round.phase != Phase::Filling);
        }
        round.inside -= 1;
        if round.inside == 0 {
            round.phase = Phase::Filling;
        }
        Ok(index)
    }

    /// Goes away when its time is up, and tells nobody.
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

    /// Puts an item, and wakes nobody.
    pub fn put_without_wake(queue: &Queue<u32>, item: u32) {
        let mut content = queue.content.acquire();
        content.unfinished += 1;
        content.items.push_back(item);
    }

    /// Takes an item after one wake-up, whether or not it is there.
    pub fn get_with_one_look(queue: &Queue<u32>) -> u32 {
        let mut content = queue.content.acquire();
        if content.items.is_empty() {
            content = queue.not_empty.wait(content);
        }
        let item = content.items.pop_front().expect("there is an item");
        drop(content);
        queue.not_full.notify(1);
        item
    }

    /// Looks whether there is an item, and locks the queue later.
    pub fn get_after_a_look_outside(queue: &Queue<u32>) -> u32 {
        while queue.is_empty() {
            drop(queue.not_empty.wait(queue.content.acquire()));
        }
        queue.get().unwrap()
    }

    /// Takes an item, and tells nobody that there is room.
    pub fn get_without_wake(queue: &Queue<u32>) -> u32 {
        let content = queue.not_empty.wait_for(queue.content.acquire(), |content| !content.items.is_empty());
        { content }.items.pop_front().unwrap()
    }

    /// Counts the task as done, and wakes nobody who waits for that.
    pub fn task_done_without_wake(queue: &Queue<u32>) {
        queue.content.acquire().unfinished -= 1;
    }

    /// Wakes one of those who wait for an item that will not come.
    pub fn shutdown_waking_one(queue: &Queue<u32>) {
        queue.content.acquire().shut_down = true;
        queue.not_empty.notify(1);
    }
}
