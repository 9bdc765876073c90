//! The book's own primitives and queues on the scheduler: all of them work in every schedule, and the variants that the
//! loom models reject fail here as well.

use std::sync::Arc;
use std::time::Duration;

use chapters::scheduler::explore::STATES;
use chapters::scheduler::task::{block_on, spawn, yield_now};
use chapters::scheduler::{Ending, Options, Program, explore, thread};
use programs::coroutines;
use programs::coroutines::broken::get_without_passing_on;
use programs::threads::broken::{condition_, event_, lock_, queue_, semaphore_};
use programs::threads::{Barrier, Condition, Event, Lock, LockGuard, Queue, RLock, Semaphore, SimpleQueue};

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
fn fails(run: fn(), message: &str) {
    let failures = failures(run);
    assert!(failures.iter().any(|text| text.contains(message)), "{message:?} is not among {failures:?}");
}

/// Runs two functions at the same time, with something that they share.
fn both<T: Sync>(shared: T, a: fn(&T), b: fn(&T)) {
    thread::scope(|scope| {
        scope.spawn(|| a(&shared));
        scope.spawn(|| b(&shared));
    });
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

mod every_schedule_of {
    use super::*;

    #[test]
    fn a_lock_with_a_timeout() {
        works(|| {
            let add_in_time = |lock: &Lock<u32>| {
                if let Some(mut guard) = lock.acquire_timeout(LONG) {
                    *guard += 1;
                }
            };
            both(Lock::guarding(0), add_in_time, |lock| *lock.acquire() += 1);
        });
    }

    #[test]
    fn an_rlock_that_is_acquired_twice() {
        works(|| {
            let twice = |lock: &RLock| {
                let _outer = lock.acquire();
                let _inner = lock.acquire();
            };
            both(RLock::new(), twice, twice);
        });
    }

    #[test]
    fn an_event() {
        works(|| both(Event::new(), Event::wait, Event::set));
    }

    #[test]
    fn a_semaphore() {
        works(|| both(Semaphore::new(0), |it| it.acquire().forget(), |it| it.release(1)));
    }

    #[test]
    fn a_barrier() {
        works(|| {
            let wait = |barrier: &Barrier| assert!(barrier.wait().is_ok());
            both(Barrier::new(2), wait, wait);
        });
    }

    #[test]
    fn a_simple_queue() {
        works(|| both(SimpleQueue::new(), |queue| queue.put(42), |queue| assert_eq!(queue.get(), 42)));
    }

    #[test]
    fn a_queue_that_is_shut_down() {
        works(|| both(Queue::<u32>::new(1), |queue| queue.shutdown(false), |queue| assert!(queue.get().is_err())));
    }
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

    const DEADLOCK: &str = "deadlock: ";

    fn lock(release: fn(LockGuard<'_, usize>)) {
        let lock = Lock::guarding(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut guard = lock.acquire();
                    *guard += 1;
                    release(guard);
                });
            }
        });
    }

    #[test]
    fn releases_a_lock_without_waking_a_waiter() {
        fails(|| lock(lock_::release_without_wake), DEADLOCK);
    }

    #[test]
    fn releases_a_lock_without_locking_park() {
        fails(|| lock(lock_::release_without_park), DEADLOCK);
    }

    #[test]
    fn reads_the_state_of_a_lock_before_it_locks_park() {
        fails(
            || {
                let add = |lock: &Lock<usize>| *lock_::acquire_without_park(lock) += 1;
                both(Lock::guarding(0), add, add);
            },
            DEADLOCK,
        );
    }

    fn condition(wait: fn(&(Lock<bool>, Condition)), notify: fn(&Condition)) {
        let pair = (Lock::guarding(false), Condition::new());
        thread::scope(|scope| {
            scope.spawn(|| wait(&pair));
            scope.spawn(|| {
                *pair.0.acquire() = true;
                notify(&pair.1);
            });
        });
    }

    #[test]
    fn removes_a_waiter_from_a_condition_without_waking_it() {
        fails(
            || {
                condition(
                    |(lock, changed)| drop(changed.wait_for(lock.acquire(), |ready| *ready)),
                    condition_::notify_without_wake,
                );
            },
            DEADLOCK,
        );
    }

    #[test]
    fn releases_the_lock_before_it_waits_on_a_condition() {
        fails(
            || {
                condition(
                    |(lock, changed)| {
                        let mut guard = lock.acquire();
                        while !*guard {
                            guard = condition_::wait_entering_late(changed, guard);
                        }
                    },
                    |changed| changed.notify(1),
                );
            },
            DEADLOCK,
        );
    }

    #[test]
    fn reads_an_event_before_it_locks_it() {
        fails(|| both(Event::new(), event_::wait_after_unlocked_check, Event::set), DEADLOCK);
    }

    #[test]
    fn releases_a_semaphore_without_waking_a_waiter() {
        fails(|| both(Semaphore::new(0), |it| it.acquire().forget(), semaphore_::release_without_wake), DEADLOCK);
    }

    #[test]
    fn puts_an_item_without_waking_a_consumer() {
        fails(|| both(Queue::new(1), |queue| _ = queue.get(), |queue| queue_::put_without_wake(queue, 1)), DEADLOCK);
    }

    #[test]
    fn keeps_a_notification_when_its_task_is_canceled() {
        fails(
            || {
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
            },
            DEADLOCK,
        );
    }

    #[test]
    fn hands_a_lock_to_a_task_that_was_canceled() {
        fails(
            || {
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
            },
            DEADLOCK,
        );
    }

    #[test]
    fn looks_for_an_item_before_it_locks_the_queue() {
        fails(
            || both(Queue::new(1), |queue| _ = queue_::get_after_unlocked_check(queue), |queue| queue.put(1).unwrap()),
            DEADLOCK,
        );
    }
}
