//! The cost of the primitives, each beside the alternatives that a working engineer would use.
//!
//! Run it with `cargo bench -p chapters --bench primitives`. A figure is the time per operation of the whole: one step
//! of each of two alternating threads counts as one. Ours are lessons, and may take twice as long as the best.

mod common;

use std::hint::black_box;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use common::{Run, beside};

const ROUNDS: usize = 15;
/// The allowed ratio of a lock's time to the best alternative's.
const LOCKS: f64 = 2.0;

fn main() {
    common::parts(&[
        ("threads", threads::all),
        ("coroutines", coroutines::lock),
        #[cfg(target_os = "linux")]
        ("processes", processes::lock),
    ]);
}

/// Seconds for each of `times` calls.
fn each(times: u32, mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    (0..times).for_each(|_| call());
    begin.elapsed().as_secs_f64() / f64::from(times)
}

/// Seconds for each of `times` calls by each of two threads at once.
fn each_of_two(times: u32, call: impl Fn() + Sync) -> f64 {
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..times).for_each(|_| call()));
        }
    });
    begin.elapsed().as_secs_f64() / f64::from(2 * times)
}

/// Seconds for each of `times` rounds of two threads, which take turns: `there` and back.
fn each_round(times: u32, there: impl Fn() + Sync, back: impl Fn() + Sync) -> f64 {
    let begin = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| (0..times).for_each(|_| back()));
        (0..times).for_each(|_| there());
    });
    begin.elapsed().as_secs_f64() / f64::from(times)
}

mod threads {
    use std::sync::{Barrier as StdBarrier, Condvar};

    use chapters::threads::{Barrier, Condition, Event, Lock, RLock, Semaphore};
    use crossbeam::channel;

    use super::*;

    pub fn all() {
        lock();
        rlock();
        others();
    }

    fn lock() {
        let (ours, std, parking_lot) = (Lock::guarding(0_u64), Mutex::new(0_u64), parking_lot::Mutex::new(0_u64));
        let (ours, std, parking_lot) = (
            || *black_box(&ours).acquire() += 1,
            || *black_box(&std).lock().unwrap() += 1,
            || *black_box(&parking_lot).lock() += 1,
        );
        const TIMES: u32 = 1_000_000;
        let runs = [
            Run::of("threads::Lock", || each(TIMES, ours)),
            Run::of("std::sync::Mutex", || each(TIMES, std)),
            Run::of("parking_lot::Mutex", || each(TIMES, parking_lot)),
        ];
        beside("threads: add one under a lock", ROUNDS, runs, LOCKS);
        const TIMES_OF_TWO: u32 = 300_000;
        let runs = [
            Run::of("threads::Lock", || each_of_two(TIMES_OF_TWO, ours)),
            Run::of("std::sync::Mutex", || each_of_two(TIMES_OF_TWO, std)),
            Run::of("parking_lot::Mutex", || each_of_two(TIMES_OF_TWO, parking_lot)),
        ];
        beside("threads: the same, 2 threads at once", ROUNDS, runs, LOCKS);
    }

    fn rlock() {
        let (ours, parking_lot) = (RLock::new(), parking_lot::ReentrantMutex::new(()));
        const TIMES: u32 = 500_000;
        let runs = [
            Run::of("threads::RLock", || each(TIMES, || drop((ours.acquire(), ours.acquire())))),
            Run::of("parking_lot::ReentrantMutex", || each(TIMES, || drop((parking_lot.lock(), parking_lot.lock())))),
        ];
        beside("threads: take a reentrant lock twice", ROUNDS, runs, LOCKS);
    }

    fn others() {
        const ROUND_TRIPS: u32 = 5_000;

        let semaphore = Semaphore::new(2);
        let (give, take) = channel::bounded(2);
        (0..2).for_each(|_| give.send(()).unwrap());
        let runs = [
            Run::of("threads::Semaphore", || each(500_000, || drop(semaphore.acquire()))),
            Run::of("a crossbeam channel of tokens", || {
                each(500_000, || {
                    take.recv().unwrap();
                    give.send(()).unwrap();
                })
            }),
        ];
        beside("threads: acquire and release a permit", ROUNDS, runs, LOCKS);

        let turn = (Lock::guarding(0_u32), Condition::new());
        let pass = |to: u32| {
            *turn.1.wait_for(turn.0.acquire(), |turn| *turn == 1 - to) = to;
            turn.1.notify(1);
        };
        let std_turn = (Mutex::new(0_u32), Condvar::new());
        let std_pass = |to: u32| {
            *std_turn.1.wait_while(std_turn.0.lock().unwrap(), |turn| *turn == to).unwrap() = to;
            std_turn.1.notify_one();
        };
        let parking_lot_turn = (parking_lot::Mutex::new(0_u32), parking_lot::Condvar::new());
        let parking_lot_pass = |to: u32| {
            let mut turn = parking_lot_turn.0.lock();
            parking_lot_turn.1.wait_while(&mut turn, |turn| *turn == to);
            *turn = to;
            parking_lot_turn.1.notify_one();
        };
        let runs = [
            Run::of("threads::Condition", || each_round(ROUND_TRIPS, || pass(1), || pass(0))),
            Run::of("std::sync::Condvar", || each_round(ROUND_TRIPS, || std_pass(1), || std_pass(0))),
            Run::of("parking_lot::Condvar", || each_round(ROUND_TRIPS, || parking_lot_pass(1), || parking_lot_pass(0))),
        ];
        beside("threads: two take turns by a condition", ROUNDS, runs, LOCKS);

        let events = [Event::new(), Event::new()];
        let hand_over = |from: &Event, to: &Event| {
            from.wait();
            from.clear();
            to.set();
        };
        let channels = [channel::bounded::<()>(1), channel::bounded(1)];
        let send_over = |from: &channel::Receiver<()>, to: &channel::Sender<()>| {
            from.recv().unwrap();
            to.send(()).unwrap();
        };
        let runs = [
            Run::of("threads::Event", || {
                events[0].set();
                let [here, there] = &events;
                each_round(ROUND_TRIPS, || hand_over(here, there), || hand_over(there, here))
            }),
            Run::of("two crossbeam channels", || {
                channels[0].0.try_send(()).ok();
                let [here, there] = &channels;
                each_round(ROUND_TRIPS, || send_over(&here.1, &there.0), || send_over(&there.1, &here.0))
            }),
        ];
        beside("threads: two take turns by two events", ROUNDS, runs, LOCKS);

        let (ours, std) = (Barrier::new(2), StdBarrier::new(2));
        let meet = || _ = ours.wait();
        let std_meet = || _ = std.wait();
        let runs = [
            Run::of("threads::Barrier", || each_round(ROUND_TRIPS, meet, meet)),
            Run::of("std::sync::Barrier", || each_round(ROUND_TRIPS, std_meet, std_meet)),
        ];
        beside("threads: two meet at a barrier", ROUNDS, runs, LOCKS);
    }
}

mod coroutines {
    use std::sync::Arc;

    use chapters::coroutines::Lock;
    use tokio::runtime::{Builder, Runtime};
    use tokio::task::JoinSet;

    use super::*;

    const TIMES: u32 = 200_000;

    /// Seconds per operation for several tasks, with `TIMES` operations each.
    fn each_of_tasks<T: Future<Output = ()> + Send + 'static>(
        runtime: &Runtime,
        tasks: u32,
        task: impl Fn() -> T,
    ) -> f64 {
        let begin = Instant::now();
        runtime.block_on(async { (0..tasks).map(|_| task()).collect::<JoinSet<()>>().join_all().await });
        begin.elapsed().as_secs_f64() / f64::from(tasks * TIMES)
    }

    pub fn lock() {
        let one = Builder::new_current_thread().build().expect("a runtime");
        let two = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        let (ours, tokio) = (Arc::new(Lock::guarding(0_u64)), Arc::new(tokio::sync::Mutex::new(0_u64)));
        let our_task = || {
            let lock = Arc::clone(&ours);
            async move {
                for _ in 0..TIMES {
                    *lock.acquire().await += 1;
                }
            }
        };
        let tokio_task = || {
            let lock = Arc::clone(&tokio);
            async move {
                for _ in 0..TIMES {
                    *lock.lock().await += 1;
                }
            }
        };
        for (runtime, tasks, what) in
            [(&one, 1, "coroutines: add one under a lock"), (&two, 2, "coroutines: the same, 2 tasks on 2 threads")]
        {
            let runs = [
                Run::of("coroutines::Lock", || each_of_tasks(runtime, tasks, our_task)),
                Run::of("tokio::sync::Mutex", || each_of_tasks(runtime, tasks, tokio_task)),
            ];
            beside(what, ROUNDS, runs, LOCKS);
        }
    }
}

#[cfg(target_os = "linux")]
mod processes {
    use std::fs::File;
    use std::sync::Arc;

    use chapters::processes::Lock;
    use chapters::processes::shared::Shared;

    use super::*;

    const TIMES: u32 = 200_000;

    pub fn lock() {
        let memory = Arc::new(Shared::new(1024).expect("shared memory"));
        let ours = Lock::guarding(&memory, 0_u64).expect("room for a lock");
        let file = |file: &File| {
            file.lock().expect("a lock of the file");
            file.unlock().expect("its release");
        };
        let locked = tempfile::NamedTempFile::new().expect("a temporary file");
        let [first, second] = [(); 2].map(|()| File::open(locked.path()).expect("the file"));
        let runs = [
            Run::of("processes::Lock", || each(TIMES, || *ours.acquire() += 1)),
            Run::of("File::lock", || each(TIMES, || file(&first))),
            Run::of_python("CPython's multiprocessing.Lock", "primitives.py", &["200000"], 1),
        ];
        beside("processes: acquire and release a lock", ROUNDS, runs, LOCKS);
        let runs = [
            Run::of("processes::Lock", || each_of_two(TIMES, || *ours.acquire() += 1)),
            Run::of("File::lock", || each_round(TIMES / 2, || file(&first), || file(&second)) / 2.0),
        ];
        beside("processes: the same, 2 at once", ROUNDS, runs, LOCKS);
    }
}
