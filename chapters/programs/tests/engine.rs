//! The engine, the explorer, and the synchronization primitives: each pitfall that they avoid has a test here.

use std::collections::BTreeSet;
use std::time::Duration;

use chapters::scheduler::explore::{STATES, Unexplored, enumerate};
use chapters::scheduler::sync::atomic::{AtomicBool, AtomicI8, AtomicU32, Ordering, fence};
use chapters::scheduler::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock, TryLockError, mpsc};
use chapters::scheduler::task::{self, block_on};
use chapters::scheduler::{Ending, Execution, Graph, Options, Program, explore, hint, println, thread};

const SPURIOUS: Options = Options { spurious_wakeups: 1, ..Options::DEFAULT };

fn graph(run: fn(), options: Options) -> Graph {
    explore(&Program::of(run), options, STATES).unwrap_or_else(|error| panic!("{error}"))
}

/// The endings in words, after a comparison with plain enumeration.
fn endings(run: fn(), options: Options) -> BTreeSet<String> {
    let graph = graph(run, options);
    if graph.schedules() <= 500_u32.into() {
        let plain = enumerate(&Program::of(run), options, usize::MAX).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&graph.endings, graph.schedules_to_endings()), (&plain.endings, plain.schedules_to_endings()));
    }
    graph.endings.iter().map(Ending::text).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}

const FINISHED: &str = "every thread finished";

// ---- the explorer ----

#[test]
fn operations_that_observe_nothing_are_part_of_the_history() {
    let run = || {
        let number = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|_| number.store(1, Ordering::Relaxed)));
            scope.spawn(|| number.store(1, Ordering::Relaxed));
        });
    };
    assert_eq!(graph(run, Options::DEFAULT).schedules(), 4_u32.into());
    endings(run, Options::DEFAULT);
}

#[test]
fn schedules_are_counted_exactly_even_if_there_are_too_many_for_64_bits() {
    let run = || {
        let number = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..40).for_each(|_| number.store(1, Ordering::Relaxed)));
            }
        });
    };
    // 80 over 40.
    assert_eq!(graph(run, Options::DEFAULT).schedules().to_string(), "107507208733336176461620");
}

#[test]
fn a_program_with_too_many_states_or_steps_is_stopped_with_a_message() {
    let run = || {
        let total = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| *total.lock().unwrap() += 1);
            }
        });
    };
    let error = explore(&Program::of(run), Options::DEFAULT, 5).unwrap_err();
    assert_eq!(error, Unexplored::TooManyStates { limit: 5 });
    let run = || {
        let number = AtomicU32::new(0);
        loop {
            number.store(1, Ordering::Relaxed);
        }
    };
    let error = explore(&Program::of(run), Options::DEFAULT, STATES).unwrap_err();
    assert!(matches!(error, Unexplored::TooManySteps { .. }), "{error}");
}

#[test]
fn the_shortest_schedule_has_the_fewest_switches_and_then_the_fewest_steps() {
    let run = || {
        let number = AtomicU32::new(0);
        thread::scope(|scope| {
            for value in [1, 2] {
                let number = &number;
                scope.spawn(move || {
                    if number.fetch_add(value, Ordering::Relaxed) > 0 {
                        number.load(Ordering::Relaxed);
                        println!("{value} was second");
                    }
                });
            }
        });
    };
    let graph = graph(run, Options::DEFAULT);
    for (index, _) in graph.endings.iter().enumerate() {
        let shortest = graph.shortest(&[index], 0, None).expect("each ending can be reached");
        assert_eq!((shortest.switches, shortest.steps.len()), (1, 4));
    }
}

// ---- the engine ----

#[test]
fn blocking_outside_the_scheduler_is_reported() {
    let run = || {
        let (outside, inside) = (std::sync::Mutex::new(()), Mutex::new(()));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let _outside = outside.lock();
                    drop(inside.lock());
                });
            }
        });
    };
    let patience = Duration::from_millis(50);
    let stuck = Execution::start_with_watchdog(&Program::of(run), Options::DEFAULT, &[], patience).unwrap_err();
    assert!(stuck.to_string().contains("blocks on something that the scheduler doesn't control"), "{stuck}");
}

#[test]
fn a_destructor_that_waits_forever_is_reported() {
    struct Waits<'a>(&'a AtomicBool);
    impl Drop for Waits<'_> {
        fn drop(&mut self) {
            while !self.0.load(Ordering::Relaxed) {}
        }
    }
    let run = || {
        let (flag, mutex) = (AtomicBool::new(false), Mutex::new(()));
        let _waits = Waits(&flag);
        let _first = mutex.lock().unwrap();
        let _second = mutex.lock().unwrap();
    };
    let mut execution = Execution::start(&Program::of(run), Options::DEFAULT, &[]).unwrap();
    execution.step(0).unwrap();
    assert!(execution.ending().is_some_and(|ending| ending.is_deadlock()));
    let stuck = execution.finish().unwrap_err();
    assert!(stuck.to_string().contains("a destructor doesn't end"), "{stuck}");
}

#[test]
fn a_destructor_finds_the_values_that_it_has_stored() {
    struct CountsDown<'a>(&'a AtomicU32);
    impl Drop for CountsDown<'_> {
        fn drop(&mut self) {
            let left = self.0.load(Ordering::Relaxed);
            self.0.store(left.checked_sub(1).expect("it was counted up"), Ordering::Relaxed);
        }
    }
    let run = || {
        let count = AtomicU32::new(2);
        let _guards = (CountsDown(&count), CountsDown(&count));
        thread::park();
    };
    // A panic in a destructor would end the process.
    assert!(endings(run, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
}

#[test]
fn a_destructor_can_lock_a_mutex_after_the_execution_is_over() {
    struct Closes<'a>(&'a Mutex<bool>);
    impl Drop for Closes<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = true;
        }
    }
    let run = || {
        let is_closed = Mutex::new(false);
        let _closes = Closes(&is_closed);
        let _guard = is_closed.lock().unwrap();
        thread::park();
    };
    // The thread unwinds while it holds the mutex, and a panic in a destructor would end the process.
    assert!(endings(run, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
}

#[test]
fn a_scope_that_panics_waits_for_its_threads() {
    let run = || {
        let number = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| number.store(1, Ordering::Relaxed));
            panic!("out of threads");
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set(["main panicked: out of threads"]));
}

#[test]
fn a_destructor_gets_a_lock_that_another_thread_was_about_to_release() {
    /// Acquires a lock in a destructor, again and again until it succeeds.
    struct Acquires<'a>(&'a AtomicBool);
    impl Drop for Acquires<'_> {
        fn drop(&mut self) {
            while self.0.swap(true, Ordering::Acquire) {
                thread::yield_now();
            }
            self.0.store(false, Ordering::Release);
        }
    }
    let run = || {
        let (locked, never) = (AtomicBool::new(false), Mutex::new(()));
        let _held = never.lock().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| drop(Acquires(&locked)));
            scope.spawn(|| {
                let _acquires = Acquires(&locked);
                drop(never.lock());
            });
        });
    };
    // Most executions are ended in the middle, because the explorer knows the state that they have reached.
    assert!(endings(run, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
}

#[test]
fn threads_have_distinct_names_however_many_there_are() {
    let program = Program::of(|| thread::scope(|scope| (0..30).for_each(|_| _ = scope.spawn(thread::park))));
    let execution = Execution::start(&program, Options::DEFAULT, &[]).unwrap();
    let names = execution.thread_names();
    assert_eq!((names[0].as_str(), names[26].as_str(), names[27].as_str()), ("main", "Z", "A2"));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 31);
}

#[test]
fn main_does_not_wait_for_threads_that_it_does_not_join() {
    let run = || {
        let mutex = Arc::new(Mutex::new(()));
        thread::spawn(move || drop(mutex.lock()));
        println!("done");
    };
    let expected = set([r#"prints "done""#, r#"main returned while A was running; prints "done""#]);
    assert_eq!(endings(run, Options::DEFAULT), expected);
}

#[test]
fn a_panic_is_an_ending_and_poisons_the_mutex() {
    let run = || {
        let mutex = Mutex::new(0);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _guard = mutex.lock().unwrap();
                panic!("on purpose");
            });
            assert!(panics.join().is_err());
        });
        assert!(mutex.is_poisoned());
        assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    };
    assert_eq!(endings(run, Options::DEFAULT), set(["A panicked: on purpose"]));
}

// ---- the primitives ----

#[test]
fn a_thread_that_locks_a_mutex_twice_waits_for_itself() {
    let run = || {
        let mutex = Mutex::new(());
        let _first = mutex.lock().unwrap();
        let _second = mutex.lock().unwrap();
    };
    let endings = endings(run, Options::DEFAULT);
    assert!(
        endings
            .iter()
            .all(|text| text.starts_with("deadlock: main waits for") && text.ends_with("which it holds itself"))
    );
}

#[test]
fn readers_share_and_writers_do_not() {
    let run = || {
        let (lock, readers, most) = (RwLock::new(0), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let value = lock.read().unwrap();
                    most.fetch_max(readers.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    assert!(*value == 0 || *value == 1);
                    readers.fetch_sub(1, Ordering::SeqCst);
                });
            }
            scope.spawn(|| {
                let mut value = lock.write().unwrap();
                assert_eq!(readers.load(Ordering::SeqCst), 0);
                *value += 1;
            });
        });
        println!("{}", most.into_inner());
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "1""#, r#"prints "2""#]));
}

#[test]
fn a_try_fails_while_the_lock_is_held() {
    let run = || {
        let (mutex, lock) = (Mutex::new(()), RwLock::new(()));
        let (_guard, _reader) = (mutex.lock().unwrap(), lock.read().unwrap());
        assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
        assert!(lock.try_read().is_ok());
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn a_notification_after_the_timeout_is_not_the_waiting_threads() {
    let run = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| drop(changed.wait_timeout(ready.lock().unwrap(), Duration::from_secs(1))));
            scope.spawn(|| drop(changed.wait(ready.lock().unwrap())));
            scope.spawn(|| {
                *ready.lock().unwrap() = true;
                changed.notify_one();
            });
        });
    };
    // B waits forever if A took the notification, or if there was nothing to wake; otherwise it returns.
    let endings = endings(run, Options::DEFAULT);
    assert!(endings.contains(FINISHED), "{endings:?}");
    assert!(endings.iter().any(|text| text.starts_with("deadlock: B waits until")), "{endings:?}");
}

#[test]
fn a_spurious_wakeup_is_a_choice_that_must_be_asked_for() {
    let run = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        drop(changed.wait(ready.lock().unwrap()));
    };
    assert!(endings(run, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
    let endings = endings(run, SPURIOUS);
    assert!(endings.contains(FINISHED), "{endings:?}");
}

#[test]
fn a_loop_with_timeouts_ends() {
    let run = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut guard = ready.lock().unwrap();
                while !*guard {
                    guard = changed.wait_timeout(guard, Duration::from_secs(1)).unwrap().0;
                }
            });
            scope.spawn(|| *ready.lock().unwrap() = true);
        });
    };
    // Without a notification, A learns of the change only because of its timeout.
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn a_rendezvous_waits_for_the_receiver() {
    let run = || {
        let (sender, receiver) = mpsc::sync_channel(0);
        thread::scope(|scope| {
            let sender = sender;
            assert!(sender.try_send(0).is_err());
            scope.spawn(move || {
                println!("receives");
                assert_eq!(receiver.recv(), Ok(1));
            });
            sender.send(1).unwrap();
            println!("has sent");
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "receives", "has sent""#]));
}

#[test]
fn a_bounded_channel_is_full_and_a_closed_one_fails() {
    let run = || {
        let (sender, receiver) = mpsc::sync_channel(1);
        sender.send(1).unwrap();
        assert!(matches!(sender.try_send(2), Err(mpsc::TrySendError::Full(2))));
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(mpsc::TryRecvError::Empty));
        assert_eq!(receiver.recv_timeout(Duration::from_secs(1)), Err(mpsc::RecvTimeoutError::Timeout));
        drop(receiver);
        assert!(sender.send(3).is_err());
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn a_thread_that_was_unparked_before_does_not_park() {
    let run = || {
        thread::scope(|scope| {
            let parks = scope.spawn(thread::park);
            parks.thread().unpark();
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
    assert!(endings(thread::park, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
}

#[test]
fn a_barrier_has_one_leader_each_round() {
    let run = || {
        let (barrier, leaders) = (Barrier::new(2), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _round in 0..2 {
                        if barrier.wait().is_leader() {
                            leaders.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        println!("{}", leaders.into_inner());
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "2""#]));
}

#[test]
fn a_cell_is_initialized_once() {
    let run = || {
        let (cell, calls) = (OnceLock::new(), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert_eq!(*cell.get_or_init(|| calls.fetch_add(1, Ordering::Relaxed) + 42), 42));
            }
        });
        assert_eq!((cell.get(), calls.into_inner()), (Some(&42), 1));
    };
    assert_eq!(endings(run, Options::WEAK), set([FINISHED]));
}

#[test]
fn a_spinning_thread_ends_or_waits_forever() {
    let run = || {
        let flag = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !flag.load(Ordering::Acquire) {
                    hint::spin_loop()
                }
            });
            scope.spawn(|| flag.store(true, Ordering::Release));
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
    assert_eq!(endings(run, Options::WEAK), set([FINISHED]));
    let run = || {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::Acquire) {
            hint::spin_loop();
        }
    };
    assert_eq!(endings(run, Options::DEFAULT), set(["deadlock: main spins until something changes"]));
}

#[test]
fn a_wait_for_a_predicate_ends_when_all_are_notified() {
    let run = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert!(*changed.wait_while(ready.lock().unwrap(), |ready| !*ready).unwrap()));
            }
            scope.spawn(|| {
                *ready.lock().unwrap() = true;
                changed.notify_all();
            });
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
    assert_eq!(endings(run, SPURIOUS), set([FINISHED]));
}

#[test]
fn a_wait_for_a_predicate_with_a_timeout_ends_in_both_ways() {
    let run = || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let guard = ready.lock().unwrap();
                let (guard, result) =
                    changed.wait_timeout_while(guard, Duration::from_secs(1), |ready| !*ready).unwrap();
                assert_eq!(*guard, !result.timed_out());
                println!("{}", *guard);
            });
            scope.spawn(|| {
                *ready.lock().unwrap() = true;
                changed.notify_one();
            });
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "false""#, r#"prints "true""#]));
}

#[test]
fn a_thread_parks_until_a_timeout_or_a_spurious_wakeup_if_that_is_allowed() {
    assert_eq!(endings(|| thread::park_timeout(Duration::from_secs(1)), Options::DEFAULT), set([FINISHED]));
    let park = || {
        thread::park();
        println!("woke up");
    };
    assert!(endings(park, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
    let endings = endings(park, SPURIOUS);
    assert!(endings.contains(r#"prints "woke up""#), "{endings:?}");
}

#[test]
fn a_writer_that_panics_poisons_a_lock_and_a_reader_does_not() {
    let run = || {
        let lock = RwLock::new(0);
        thread::scope(|scope| {
            let reads = scope.spawn(|| {
                let _guard = lock.read().unwrap();
                panic!("while reading");
            });
            assert!(reads.join().is_err() && lock.read().is_ok());
            let writes = scope.spawn(|| {
                let _guard = lock.write().unwrap();
                panic!("while writing");
            });
            assert!(writes.join().is_err() && lock.read().is_err());
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set(["A panicked: while reading; B panicked: while writing"]));
}

#[test]
fn an_unbounded_channel_is_read_to_its_end() {
    let run = || {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for number in 1..=2 {
                let sender = sender.clone();
                scope.spawn(move || sender.send(number).unwrap());
            }
            drop(sender);
            assert_eq!(receiver.iter().sum::<i32>(), 3);
            assert_eq!(receiver.recv(), Err(mpsc::RecvError));
            assert_eq!(receiver.try_iter().count(), 0);
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn a_receiver_with_a_timeout_gets_the_message_or_not() {
    let run = || {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || sender.send(1));
            println!("{:?}", receiver.recv_timeout(Duration::from_secs(1)));
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "Err(Timeout)""#, r#"prints "Ok(1)""#]));
}

#[test]
fn a_thread_that_yields_or_sleeps_lets_others_go_first_or_not() {
    let run = || {
        let number = AtomicU32::new(0);
        thread::scope(|scope| {
            let stores = scope.spawn(|| number.store(1, Ordering::Relaxed));
            thread::sleep(Duration::from_secs(1));
            println!("{} {}", number.load(Ordering::Relaxed), stores.is_finished());
            thread::yield_now();
            assert_eq!(number.load(Ordering::Relaxed), 1);
        });
    };
    let expected = set([r#"prints "0 false""#, r#"prints "0 true""#, r#"prints "1 false""#, r#"prints "1 true""#]);
    assert!(endings(run, Options::DEFAULT).is_subset(&expected));
    assert!(endings(run, Options::DEFAULT).len() >= 2);
}

#[test]
fn atomics_have_the_operations_of_the_standard_library() {
    let run = || {
        let (bits, small, flag) = (AtomicU32::new(0b0110), AtomicI8::new(-3), AtomicBool::new(true));
        assert_eq!(bits.fetch_and(0b0011, Ordering::Relaxed), 0b0110);
        assert_eq!(bits.fetch_or(0b1000, Ordering::Relaxed), 0b0010);
        assert_eq!(bits.fetch_xor(0b1111, Ordering::Relaxed), 0b1010);
        assert_eq!(bits.swap(7, Ordering::Relaxed), 0b0101);
        assert_eq!(bits.compare_exchange(6, 8, Ordering::AcqRel, Ordering::Acquire), Err(7));
        assert_eq!(bits.try_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(it + 1)), Ok(7));
        assert_eq!((small.fetch_min(-4, Ordering::SeqCst), small.fetch_max(-1, Ordering::SeqCst)), (-3, -4));
        assert_eq!((small.fetch_sub(127, Ordering::SeqCst), small.fetch_add(1, Ordering::SeqCst)), (-1, -128));
        assert!(flag.fetch_and(false, Ordering::Relaxed) && !flag.fetch_or(true, Ordering::Relaxed));
        assert_eq!((bits.into_inner(), small.into_inner(), flag.into_inner()), (8, -127, true));
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn waiting_for_a_cell_ends_when_it_is_set() {
    let run = || {
        let cell = OnceLock::new();
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(*cell.wait(), 42));
            scope.spawn(|| cell.set(42).unwrap());
        });
    };
    assert_eq!(endings(run, Options::WEAK), set([FINISHED]));
    let run = || _ = OnceLock::<u32>::new().wait();
    assert!(endings(run, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock: main waits until")));
}

// ---- weak memory ----

#[test]
fn sequentially_consistent_fences_forbid_store_buffering() {
    let fenced = || {
        let (x, y) = (AtomicU32::new(0), AtomicU32::new(0));
        let run = |mine: &AtomicU32, other: &AtomicU32| {
            mine.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            other.load(Ordering::Relaxed)
        };
        thread::scope(|scope| {
            let (a, b) = (scope.spawn(|| run(&x, &y)), scope.spawn(|| run(&y, &x)));
            println!("{} {}", a.join().unwrap(), b.join().unwrap());
        });
    };
    assert_eq!(endings(fenced, Options::WEAK), set([r#"prints "0 1""#, r#"prints "1 0""#, r#"prints "1 1""#]));
}

#[test]
fn a_release_fence_and_an_acquire_fence_synchronize() {
    let run = || {
        let (data, ready) = (AtomicU32::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                data.store(42, Ordering::Relaxed);
                fence(Ordering::Release);
                ready.store(true, Ordering::Relaxed);
            });
            if ready.load(Ordering::Relaxed) {
                fence(Ordering::Acquire);
                println!("{}", data.load(Ordering::Relaxed));
            }
        });
    };
    assert_eq!(endings(run, Options::WEAK), set([FINISHED, r#"prints "42""#]));
}

#[test]
fn a_read_modify_write_operation_continues_a_release_sequence() {
    let run = || {
        let (data, ready) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                data.store(42, Ordering::Relaxed);
                ready.store(1, Ordering::Release);
            });
            scope.spawn(|| _ = ready.compare_exchange(1, 2, Ordering::Relaxed, Ordering::Relaxed));
            if ready.load(Ordering::Acquire) == 2 {
                println!("{}", data.load(Ordering::Relaxed));
            }
        });
    };
    assert_eq!(endings(run, Options::WEAK), set([FINISHED, r#"prints "42""#]));
}

#[test]
fn locks_channels_and_joins_synchronize() {
    let run = || {
        let data = AtomicU32::new(0);
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let data = &data;
            let writes = scope.spawn(move || {
                data.store(1, Ordering::Relaxed);
                sender.send(()).unwrap();
                data.store(2, Ordering::Relaxed);
            });
            receiver.recv().unwrap();
            assert!(data.load(Ordering::Relaxed) >= 1);
            writes.join().unwrap();
            assert_eq!(data.load(Ordering::Relaxed), 2);
        });
    };
    assert_eq!(endings(run, Options::WEAK), set([FINISHED]));
}

// ---- coroutines ----

#[test]
fn an_aborted_task_is_dropped_at_its_next_step() {
    let run = || {
        block_on(async {
            let (sender, mut receiver) = task::mpsc::channel::<u32>(1);
            let waits = task::spawn(async move { receiver.recv().await });
            task::yield_now().await;
            waits.abort();
            assert!(waits.await.is_err_and(|error| error.is_cancelled()));
            assert!(sender.send(1).await.is_err());
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED]));
}

#[test]
fn a_poll_is_one_step_whatever_it_does() {
    let run = || {
        block_on(async {
            let total = Arc::new(Mutex::new(0));
            let tasks = [1, 2].map(|amount| {
                let total = Arc::clone(&total);
                task::spawn(async move {
                    let seen = *total.lock().unwrap();
                    *total.lock().unwrap() = seen + amount;
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            println!("{}", total.lock().unwrap());
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"prints "3""#]));
    let state = |node: usize| graph(run, Options::DEFAULT).nodes.swap_remove(node).state;
    assert!((0..5).all(|node| state(node).threads.iter().all(|it| it.next.as_deref().is_none_or(|it| it == "poll"))));
}

#[test]
fn a_task_that_blocks_keeps_all_others_from_being_polled() {
    let run = || {
        block_on(async {
            let lock = Arc::new(Mutex::new(()));
            let theirs = Arc::clone(&lock);
            // The guard of a standard mutex can't be held over an await in a task that may move to another thread.
            let holds = async {
                let _guard = lock.lock().unwrap();
                task::yield_now().await;
            };
            let blocks = task::spawn(async move { drop(theirs.lock().unwrap()) });
            holds.await;
            blocks.await.unwrap();
        });
    };
    let endings = endings(run, Options::DEFAULT);
    assert!(endings.contains(FINISHED) && endings.len() == 2, "{endings:?}");
    let stuck = "deadlock: main can't be polled while A is being polled; A waits for ";
    assert!(endings.iter().any(|it| it.starts_with(stuck) && it.ends_with(", which main holds")), "{endings:?}");
}

#[test]
fn a_task_that_panics_does_not_keep_the_others_from_being_polled() {
    let run = || {
        block_on(async {
            let panics = task::spawn(async { panic!("on purpose") });
            let other = task::spawn(async { 42 });
            assert!(panics.await.unwrap_err().is_panic());
            println!("{}", other.await.unwrap());
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([r#"A panicked: on purpose; prints "42""#]));
}

#[test]
fn a_loop_of_attempts_with_timeouts_ends() {
    let run = || {
        block_on(async {
            let (sender, mut receiver) = task::mpsc::channel::<u32>(1);
            let tries = task::spawn(async move {
                while task::timeout(Duration::from_secs(1), receiver.recv()).await.is_err() {
                    println!("tries again");
                }
            });
            task::yield_now().await;
            sender.send(1).await.unwrap();
            tries.await.unwrap();
        });
    };
    assert_eq!(endings(run, Options::DEFAULT), set([FINISHED, r#"prints "tries again""#]));
    let never = Options { timeouts: 0, ..Options::DEFAULT };
    assert_eq!(endings(run, never), set([FINISHED]));
    let alone = || {
        block_on(async {
            let (_sender, mut receiver) = task::mpsc::channel::<u32>(1);
            while task::timeout(Duration::from_secs(1), receiver.recv()).await.is_err() {}
        });
    };
    assert!(endings(alone, Options::DEFAULT).iter().all(|text| text.starts_with("deadlock")));
}
