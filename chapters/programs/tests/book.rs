//! The book's primitives and queues on the scheduler: all of them work in every schedule, and variants fail.
//!
//! Of those for threads, `Lock`, `Condition`, and `Queue` are programs of the lab, which `programs.rs` explores. loom
//! explores all of them, with weak memory, in `chapters/tests/loom_threads`.

use std::sync::Arc;
use std::time::Duration;

use chapters::random::{Random, Seed};
use chapters::scheduler::explore::{STATES, enumerate};
use chapters::scheduler::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use chapters::scheduler::task::{block_on, spawn, yield_now};
use chapters::scheduler::{Ending, Execution, Options, Program, explore, println, thread};
use programs::coroutines::broken::get_without_passing_on;
use programs::threads::{Barrier, Event, Semaphore};
use programs::{coroutines, threads};
use rand::RngExt;

/// Expires when the explorer chooses that.
const LONG: Duration = Duration::from_secs(30);

/// The endings of a program.
fn endings(run: fn()) -> Vec<Ending> {
    let graph = explore(&Program::of(run), Options::DEFAULT, 10 * STATES);
    graph.unwrap_or_else(|error| panic!("{error}")).endings
}

/// The endings of a program that aren't successes.
fn failures(run: fn()) -> Vec<String> {
    endings(run).iter().filter(|ending| ending.is_failure()).map(Ending::text).collect()
}

#[track_caller]
fn works(run: fn()) {
    assert_eq!(failures(run), [""; 0]);
}

/// Checks that a program prints each of these lines in some schedule, and has no other ending.
#[track_caller]
fn prints(run: fn(), lines: &[&str]) {
    let mut endings: Vec<String> = endings(run).iter().map(Ending::text).collect();
    endings.sort();
    assert_eq!(endings, lines.iter().map(|line| format!("prints {line:?}")).collect::<Vec<_>>());
}

#[track_caller]
fn deadlocks(run: fn()) {
    fails("deadlock: ", run);
}

/// Checks that a program fails in one of the first random schedules. A generator makes the same ones each time.
#[track_caller]
fn fails(reason: &str, run: fn()) {
    const SCHEDULES: usize = 10_000;
    let mut random = Random::new(&Seed::from(1));
    let program = Program::of(run);
    for _ in 0..SCHEDULES {
        let mut execution = Execution::start(&program, Options::DEFAULT, &[]).unwrap_or_else(|error| panic!("{error}"));
        while execution.ending().is_none() {
            let choice = random.random_range(0..execution.choices().len());
            execution.step(choice).unwrap_or_else(|error| panic!("{error}"));
        }
        if execution.ending().is_some_and(|ending| ending.text().contains(reason)) {
            return;
        }
    }
    panic!("no schedule of {SCHEDULES} fails: {reason}");
}

/// Runs two functions as threads, with something that they share, and returns their results.
fn both_threads<T: Sync, A: Send, B: Send>(shared: &T, a: fn(&T) -> A, b: fn(&T) -> B) -> (A, B) {
    thread::scope(|scope| {
        let (a, b) = (scope.spawn(move || a(shared)), scope.spawn(move || b(shared)));
        (a.join().unwrap(), b.join().unwrap())
    })
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

/// One thread waits for an event that another one sets, and clears at once if a thread was waiting.
fn set_and_clear(wait: fn(&Event)) {
    let set_and_clear = |event: &Event| {
        let waited = threads::has_waiter(event);
        event.set();
        if waited {
            event.clear();
        }
    };
    both_threads(&Event::new(), set_and_clear, wait);
}

/// Two threads meet at a barrier, one of them with a timeout. Prints whether they passed it.
fn meet(wait_timeout: fn(&Barrier) -> bool) {
    let barrier = Barrier::new(2);
    let (a, b) = both_threads(&barrier, |barrier| barrier.wait().is_ok(), wait_timeout);
    println!("{a} and {b}");
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

mod every_schedule_of_threads_with {
    use chapters::scheduler::println;

    use super::threads::{Lock, RLock, SimpleQueue};
    use super::*;

    /// The value of a lock isn't an object of the scheduler, and yet states in which it differs aren't merged.
    #[test]
    fn a_lock_that_each_writes_to() {
        let program = Program::of(|| {
            let last = Lock::guarding(0);
            both_threads(&last, |last| *last.acquire() = 1, |last| *last.acquire() = 2);
            println!("{}", *last.acquire());
        });
        let merged = explore(&program, Options::DEFAULT, STATES).unwrap();
        let plain = enumerate(&program, Options::DEFAULT, usize::MAX).unwrap();
        assert_eq!(merged.endings, plain.endings);
        assert_eq!(merged.schedules_to_endings(), plain.schedules_to_endings());
        assert_eq!(merged.schedules_to_endings(), [21_u32.into(), 21_u32.into()]);
    }

    #[test]
    fn an_rlock_that_is_acquired_twice() {
        works(|| {
            fn add_one((lock, number): &(RLock, AtomicUsize)) {
                let _outer = lock.acquire();
                let inner = lock.acquire();
                let seen = number.load(Relaxed);
                drop(inner);
                number.store(seen + 1, Relaxed);
            }
            let shared = (RLock::new(), AtomicUsize::new(0));
            both_threads(&shared, add_one, add_one);
            assert_eq!(shared.1.load(Relaxed), 2);
            assert!(!shared.0.is_locked());
        });
    }

    #[test]
    fn an_rlock_with_a_timeout() {
        prints(
            || {
                let hold = |lock: &RLock| drop([lock.acquire(), lock.acquire()]);
                let hold_in_time = |lock: &RLock| {
                    lock.acquire_timeout(LONG).is_some_and(|_outer| lock.acquire_timeout(LONG).is_some())
                };
                let lock = RLock::new();
                let ((), in_time) = both_threads(&lock, hold, hold_in_time);
                println!("acquired: {in_time}, locked: {}", lock.is_locked());
            },
            &["acquired: false, locked: false", "acquired: true, locked: false"],
        );
    }

    #[test]
    fn an_event_and_what_was_written_before_it() {
        works(|| {
            let shared = (Event::new(), AtomicUsize::new(0));
            let set = |(event, number): &(Event, AtomicUsize)| {
                number.store(1, Relaxed);
                event.set();
            };
            let wait = |(event, number): &(Event, AtomicUsize)| {
                event.wait();
                assert_eq!(number.load(Relaxed), 1);
            };
            both_threads(&shared, set, wait);
        });
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn an_event_that_is_cleared_at_once() {
        works(|| set_and_clear(Event::wait));
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn an_event_with_a_timeout() {
        prints(
            || {
                let event = Event::new();
                let ((), happened) = both_threads(&event, Event::set, |event| event.wait_timeout(LONG));
                println!("{happened}, and then {}", event.wait_timeout(LONG));
            },
            &["false, and then true", "true, and then true"],
        );
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn a_semaphore_with_one_permit() {
        works(|| {
            fn enter((permits, inside): &(Semaphore, AtomicUsize)) {
                let _permit = permits.acquire();
                assert_eq!(inside.fetch_add(1, Relaxed), 0);
                inside.fetch_sub(1, Relaxed);
            }
            let shared = (Semaphore::new(1), AtomicUsize::new(0));
            both_threads(&shared, enter, enter);
            assert_eq!(shared.0.available(), 1);
        });
    }

    #[test]
    fn a_semaphore_with_a_timeout() {
        prints(
            || {
                let permits = Semaphore::new(0);
                let acquire = |permits: &Semaphore| permits.acquire_timeout(LONG).map(|it| it.forget()).is_some();
                let (acquired, ()) = both_threads(&permits, acquire, |permits| permits.release(1));
                println!("acquired: {acquired}, left: {}", permits.available());
            },
            &["acquired: false, left: 1", "acquired: true, left: 0"],
        );
    }

    #[test]
    fn a_semaphore_that_gets_two_permits_at_once() {
        works(|| {
            let acquire_both = |permits: &Semaphore| [permits.acquire(), permits.acquire()].map(|it| it.forget());
            let permits = Semaphore::new(0);
            both_threads(&permits, acquire_both, |permits| permits.release(2));
            assert_eq!(permits.available(), 0);
        });
    }

    #[test]
    fn a_barrier_and_its_action() {
        prints(
            || {
                let acted = Arc::new(AtomicUsize::new(0));
                let counter = Arc::clone(&acted);
                let barrier = Barrier::with_action(2, move || _ = counter.fetch_add(1, Relaxed));
                fn wait((barrier, acted): &(Barrier, Arc<AtomicUsize>)) -> usize {
                    let index = barrier.wait().unwrap();
                    assert_eq!(acted.load(Relaxed), 1);
                    index
                }
                let (a, b) = both_threads(&(barrier, acted), wait, wait);
                println!("A: {a}, B: {b}");
            },
            &["A: 0, B: 1", "A: 1, B: 0"],
        );
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn a_barrier_with_a_timeout() {
        prints(|| meet(|barrier| barrier.wait_timeout(LONG).is_ok()), &["false and false", "true and true"]);
    }

    #[test]
    fn a_barrier_that_is_aborted() {
        prints(
            || {
                let barrier = Barrier::new(2);
                let (result, ()) = both_threads(&barrier, Barrier::wait, Barrier::abort);
                println!("{result:?}, broken: {}", barrier.is_broken());
            },
            &["Err(Broken), broken: true"],
        );
    }

    #[test]
    fn a_simple_queue_of_two_items() {
        works(|| {
            let queue = SimpleQueue::new();
            queue.put(1);
            thread::scope(|scope| {
                scope.spawn(|| queue.put(2));
                assert_eq!((queue.get(), queue.get()), (1, 2));
            });
        });
    }

    #[test]
    fn a_simple_queue_of_two_producers() {
        prints(
            || {
                let queue = SimpleQueue::new();
                both_threads(&queue, |queue| queue.put(1), |queue| queue.put(2));
                println!("{}, {}", queue.get(), queue.get());
            },
            &["1, 2", "2, 1"],
        );
    }

    #[test]
    #[ignore = "long: run by .ci/run"]
    fn a_simple_queue_with_a_timeout() {
        prints(
            || {
                let queue = SimpleQueue::new();
                let ((), got) = both_threads(&queue, |queue| queue.put(1), |queue| queue.get_timeout(LONG));
                println!("got {got:?}, left: {:?}", queue.try_get());
            },
            &["got None, left: Some(1)", "got Some(1), left: None"],
        );
    }
}

mod a_variant_fails_that {
    use super::threads::broken;
    use super::*;

    #[test]
    fn waits_for_an_event_after_a_check_without_the_lock() {
        deadlocks(|| {
            both_threads(&Event::new(), Event::set, broken::event_::wait_after_unlocked_check);
        });
    }

    #[test]
    fn misses_an_event_that_is_cleared_at_once() {
        deadlocks(|| set_and_clear(broken::event_::wait_for_the_flag));
    }

    #[test]
    fn adds_a_permit_and_wakes_no_thread() {
        deadlocks(|| {
            let acquire = |permits: &Semaphore| permits.acquire().forget();
            both_threads(&Semaphore::new(0), acquire, broken::semaphore_::release_without_wake);
        });
    }

    #[test]
    fn adds_two_permits_and_wakes_one_thread() {
        deadlocks(|| {
            let permits = Semaphore::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| permits.acquire().forget());
                }
                broken::semaphore_::release_waking_one(&permits, 2);
            });
        });
    }

    #[test]
    fn takes_a_permit_without_checking_again() {
        fails("there is a permit", || {
            let barge = |permits: &Semaphore| {
                permits.release(1);
                drop(permits.try_acquire());
            };
            both_threads(&Semaphore::new(0), broken::semaphore_::acquire_without_loop, barge);
        });
    }

    #[test]
    fn enters_a_barrier_that_is_draining() {
        deadlocks(|| {
            fn meet_twice(barrier: &Barrier) {
                for _ in 0..2 {
                    broken::barrier_::wait_without_draining(barrier).unwrap();
                }
            }
            both_threads(&Barrier::new(2), meet_twice, meet_twice);
        });
    }

    #[test]
    fn leaves_a_barrier_after_a_timeout_without_breaking_it() {
        deadlocks(|| meet(|barrier| broken::barrier_::wait_timeout_without_breaking(barrier).is_ok()));
    }

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
