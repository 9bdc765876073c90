//! The book's primitives and queue for coroutines on the scheduler: all of them work in every schedule, and variants fail.
//!
//! loom explores those for threads (`chapters/tests/loom_threads`).

use std::sync::Arc;
use std::time::Duration;

use chapters::scheduler::explore::STATES;
use chapters::scheduler::task::{block_on, spawn, yield_now};
use chapters::scheduler::{Ending, Options, Program, explore};
use programs::coroutines;
use programs::coroutines::broken::get_without_passing_on;

/// Expires when the explorer chooses that.
const LONG: Duration = Duration::from_secs(30);

/// The endings of a program that aren't successes.
fn failures(run: fn()) -> Vec<String> {
    let graph = explore(&Program::of(run), Options::DEFAULT, 10 * STATES).unwrap_or_else(|error| panic!("{error}"));
    graph.endings.iter().filter(|ending| ending.is_failure()).map(Ending::text).collect()
}

#[track_caller]
fn works(run: fn()) {
    assert_eq!(failures(run), [""; 0]);
}

#[track_caller]
fn deadlocks(run: fn()) {
    let failures = failures(run);
    assert!(failures.iter().any(|text| text.contains("deadlock: ")), "{failures:?}");
}

/// Runs two functions as tasks, with something that they share.
fn both_tasks<T, A, B>(shared: T, a: fn(Arc<T>) -> A, b: fn(Arc<T>) -> B)
where
    T: Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
    B: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::new(shared);
    block_on(async {
        let (a, b) = (spawn(a(Arc::clone(&shared))), spawn(b(shared)));
        a.await.unwrap();
        b.await.unwrap();
    });
}

mod every_schedule_of_tasks_with {
    use super::coroutines::{Barrier, Condition, Event, Lock, Queue, RLock, Semaphore};
    use super::*;

    #[test]
    fn a_lock_with_a_timeout() {
        works(|| {
            let hold = |lock: Arc<Lock>| async move {
                let _guard = lock.acquire().await;
                yield_now().await;
            };
            let hold_in_time = |lock: Arc<Lock>| async move {
                if let Some(_guard) = lock.acquire_timeout(LONG).await {
                    yield_now().await;
                }
            };
            both_tasks(Lock::new(), hold, hold_in_time);
        });
    }

    #[test]
    fn an_rlock_that_is_acquired_twice() {
        works(|| {
            async fn twice(lock: Arc<RLock>) {
                let _outer = lock.acquire().await;
                yield_now().await;
                let _inner = lock.acquire().await;
            }
            both_tasks(RLock::new(), twice, twice);
        });
    }

    #[test]
    fn a_condition() {
        works(|| {
            let wait = |it: Arc<(Lock<bool>, Condition)>| async move {
                let guard = it.0.acquire().await;
                drop(it.1.wait_for(guard, |ready| *ready).await);
            };
            let notify = |it: Arc<(Lock<bool>, Condition)>| async move {
                *it.0.acquire().await = true;
                it.1.notify(1);
            };
            both_tasks((Lock::guarding(false), Condition::new()), wait, notify);
        });
    }

    #[test]
    fn an_event() {
        works(|| both_tasks(Event::new(), |it| async move { it.wait().await }, |it| async move { it.set() }));
    }

    #[test]
    fn a_semaphore() {
        works(|| {
            let acquire = |it: Arc<Semaphore>| async move { it.acquire().await.forget() };
            both_tasks(Semaphore::new(0), acquire, |it| async move { it.release(1) });
        });
    }

    #[test]
    fn a_barrier() {
        works(|| {
            async fn wait(barrier: Arc<Barrier>) {
                assert!(barrier.wait().await.is_ok());
            }
            both_tasks(Barrier::new(2), wait, wait);
        });
    }

    #[test]
    fn a_queue_that_is_full_and_then_shut_down() {
        works(|| {
            let put = |queue: Arc<Queue<u32>>| async move {
                queue.put(1).await.unwrap();
                queue.put(2).await.unwrap();
                queue.shutdown(false);
            };
            let get = |queue: Arc<Queue<u32>>| async move {
                assert_eq!((queue.get().await, queue.get().await), (Ok(1), Ok(2)));
                assert!(queue.get().await.is_err());
            };
            both_tasks(Queue::new(1), put, get);
        });
    }
}

mod a_variant_fails_that {
    use super::*;

    #[test]
    fn keeps_a_notification_when_its_task_is_canceled() {
        deadlocks(|| {
            block_on(async {
                let queue = Arc::new(coroutines::Queue::new(1));
                let get = || {
                    let queue = Arc::clone(&queue);
                    spawn(async move { get_without_passing_on(&queue).await })
                };
                let (first, second) = (get(), get());
                yield_now().await;
                queue.put(1).await.unwrap();
                first.abort();
                second.await.unwrap().unwrap();
            });
        });
    }

    #[test]
    fn hands_a_lock_to_a_task_that_was_canceled() {
        deadlocks(|| {
            block_on(async {
                let lock = Arc::new(coroutines::broken::Lock::new());
                let guard = lock.acquire().await;
                let theirs = Arc::clone(&lock);
                let task = spawn(async move { drop(theirs.acquire().await) });
                yield_now().await;
                drop(guard);
                task.abort();
                drop(lock.acquire().await);
            });
        });
    }
}
