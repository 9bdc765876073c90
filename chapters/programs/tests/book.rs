//! The book's primitives and queues on the scheduler, as far as no program of the lab uses them: all their endings.
//!
//! loom explores those for threads, with weak memory and with mutants, in `chapters/tests/loom_threads`.

use std::sync::Arc;
use std::time::Duration;

use chapters::scheduler::explore::{STATES, enumerate};
use chapters::scheduler::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use chapters::scheduler::task::{block_on, spawn, yield_now};
use chapters::scheduler::{Ending, Options, Program, explore, println, thread};
use programs::coroutines;
use programs::threads::{Barrier, Event, Lock, RLock, Semaphore, SimpleQueue};

/// Expires when the explorer chooses that.
const LONG: Duration = Duration::from_secs(30);

/// Checks that a program prints each of these lines in some schedule, and that it can't end otherwise.
#[track_caller]
fn prints(run: fn(), lines: &[&str]) {
    let graph = explore(&Program::of(run), Options::DEFAULT, STATES).unwrap_or_else(|error| panic!("{error}"));
    assert!(!graph.endings.iter().any(Ending::is_failure), "{:?}", graph.endings);
    let mut outputs: Vec<String> = graph.endings.iter().map(|ending| ending.output.join(", ")).collect();
    outputs.sort();
    assert_eq!(outputs, lines);
}

/// Runs two functions as threads, with something that they share, and returns their results.
fn both_threads<T: Sync, A: Send, B: Send>(shared: &T, a: fn(&T) -> A, b: fn(&T) -> B) -> (A, B) {
    thread::scope(|scope| {
        let (a, b) = (scope.spawn(move || a(shared)), scope.spawn(move || b(shared)));
        (a.join().unwrap(), b.join().unwrap())
    })
}

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
fn an_rlock_with_a_timeout() {
    prints(
        || {
            let hold = |lock: &RLock| drop([lock.acquire(), lock.acquire()]);
            let hold_in_time =
                |lock: &RLock| lock.acquire_timeout(LONG).is_some_and(|_outer| lock.acquire_timeout(LONG).is_some());
            let lock = RLock::new();
            let ((), in_time) = both_threads(&lock, hold, hold_in_time);
            println!("acquired: {in_time}, locked: {}", lock.is_locked());
        },
        &["acquired: false, locked: false", "acquired: true, locked: false"],
    );
}

#[test]
fn an_event_and_what_was_written_before_it() {
    prints(
        || {
            let set = |(event, number): &(Event, AtomicUsize)| {
                number.store(1, Relaxed);
                event.set();
            };
            let wait = |(event, number): &(Event, AtomicUsize)| {
                event.wait();
                number.load(Relaxed)
            };
            let ((), number) = both_threads(&(Event::new(), AtomicUsize::new(0)), set, wait);
            println!("{number}");
        },
        &["1"],
    );
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
fn an_rlock_that_tasks_acquire_twice() {
    prints(
        || {
            async fn twice(lock: Arc<coroutines::RLock>, name: &str) {
                let _outer = lock.acquire().await;
                yield_now().await;
                let _inner = lock.acquire().await;
                println!("{name}");
            }
            let lock = Arc::new(coroutines::RLock::new());
            block_on(async {
                let (a, b) = (spawn(twice(Arc::clone(&lock), "A")), spawn(twice(Arc::clone(&lock), "B")));
                a.await.unwrap();
                b.await.unwrap();
            });
        },
        &["A, B", "B, A"],
    );
}
