//! The cost of an item on its way through a queue, ours beside the alternatives.
//!
//! Run it with `cargo bench -p chapters --bench queues`. Ours are lessons, and may take three times as long as the
//! best. The queues of processes are also compared with CPython's.

mod common;

use std::thread;
use std::time::Instant;

use common::{Aim, Run, Unit, beside, compare};

const ROUNDS: usize = 11;
/// The allowed ratio of a queue's time to the best alternative's.
const QUEUES: f64 = 3.0;
/// The required ratio of CPython's time to ours for an item between processes.
#[cfg(target_os = "linux")]
const TIMES_LESS: f64 = 20.0;

fn main() {
    common::parts(&[
        // First, while this process has one thread.
        #[cfg(target_os = "linux")]
        ("processes", processes::queues),
        ("threads", threads::queues),
        ("coroutines", coroutines::queues),
    ]);
}

mod threads {
    use std::sync::mpsc;

    use chapters::threads::{Queue, SimpleQueue};
    use crossbeam::channel;

    use super::*;

    const ITEMS: u64 = 200_000;

    /// Seconds for each item that one thread puts and one takes.
    fn one_and_one(put: impl Fn(u64) + Sync, get: impl Fn() -> u64) -> f64 {
        let begin = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| (0..ITEMS).for_each(&put));
            (0..ITEMS).for_each(|_| _ = get());
        });
        begin.elapsed().as_secs_f64() / ITEMS as f64
    }

    /// Seconds for each item that two threads put and two take.
    fn two_and_two(put: impl Fn(u64) + Sync, get: impl Fn() -> u64 + Sync) -> f64 {
        let begin = Instant::now();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..ITEMS / 2).for_each(&put));
                scope.spawn(|| (0..ITEMS / 2).for_each(|_| _ = get()));
            }
        });
        begin.elapsed().as_secs_f64() / ITEMS as f64
    }

    pub fn queues() {
        for (maxsize, limit) in [(0, "no limit"), (100, "100 at most")] {
            let ours: Queue<u64> = Queue::new(maxsize);
            let (crossbeam_in, crossbeam_out) =
                if maxsize == 0 { channel::unbounded() } else { channel::bounded(maxsize) };
            let (flume_in, flume_out) = if maxsize == 0 { flume::unbounded() } else { flume::bounded(maxsize) };
            let put = |item| ours.put(item).unwrap();
            let get = || ours.get().unwrap();
            let crossbeam_put = |item| crossbeam_in.send(item).unwrap();
            let crossbeam_get = || crossbeam_out.recv().unwrap();
            let flume_put = |item| flume_in.send(item).unwrap();
            let flume_get = || flume_out.recv().unwrap();

            let runs = [
                Run::of("threads::Queue", || one_and_one(put, get)),
                Run::of("crossbeam::channel", || one_and_one(crossbeam_put, crossbeam_get)),
                Run::of("flume", || one_and_one(flume_put, flume_get)),
                Run::of("std::sync::mpsc", || match maxsize {
                    0 => {
                        let (sender, receiver) = mpsc::channel();
                        one_and_one(|item| sender.send(item).unwrap(), || receiver.recv().unwrap())
                    }
                    _ => {
                        let (sender, receiver) = mpsc::sync_channel(maxsize);
                        one_and_one(|item| sender.send(item).unwrap(), || receiver.recv().unwrap())
                    }
                }),
            ];
            beside(&format!("threads: {limit}, 1 puts and 1 takes"), ROUNDS, runs, QUEUES);

            let runs = [
                Run::of("threads::Queue", || two_and_two(put, get)),
                Run::of("crossbeam::channel", || two_and_two(crossbeam_put, crossbeam_get)),
                Run::of("flume", || two_and_two(flume_put, flume_get)),
            ];
            beside(&format!("threads: {limit}, 2 put and 2 take"), ROUNDS, runs, QUEUES);
        }

        let simple = SimpleQueue::new();
        compare(
            "threads: a simple queue, 1 puts and 1 takes",
            Unit::Seconds,
            3,
            Run::of("threads::SimpleQueue", || one_and_one(|item| simple.put(item), || simple.get())),
            [(Run::of_python("CPython's queue.Queue", "queues.py", &["threads", "50000"], 1), Aim::TimesLess(1.0))],
        );
    }
}

mod coroutines {
    use std::sync::Arc;

    use chapters::coroutines::Queue;
    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::mpsc;

    use super::*;

    const ITEMS: u64 = 200_000;

    /// Seconds for each item that one task puts and one takes.
    fn one_and_one<P, G>(runtime: &Runtime, put: P, get: G) -> f64
    where
        P: Future<Output = ()> + Send + 'static,
        G: Future<Output = ()> + Send + 'static,
    {
        let begin = Instant::now();
        runtime.block_on(async {
            let (putter, getter) = (tokio::spawn(put), tokio::spawn(get));
            putter.await.expect("all is put");
            getter.await.expect("all is taken");
        });
        begin.elapsed().as_secs_f64() / ITEMS as f64
    }

    fn ours(runtime: &Runtime, maxsize: usize) -> f64 {
        let queue: Arc<Queue<u64>> = Arc::new(Queue::new(maxsize));
        let other = Arc::clone(&queue);
        let put = async move {
            for item in 0..ITEMS {
                queue.put(item).await.unwrap();
            }
        };
        let get = async move {
            for _ in 0..ITEMS {
                other.get().await.unwrap();
            }
        };
        one_and_one(runtime, put, get)
    }

    fn async_channel(runtime: &Runtime, maxsize: usize) -> f64 {
        let (sender, receiver) =
            if maxsize == 0 { async_channel::unbounded() } else { async_channel::bounded(maxsize) };
        let put = async move {
            for item in 0..ITEMS {
                sender.send(item).await.unwrap();
            }
        };
        let get = async move {
            for _ in 0..ITEMS {
                receiver.recv().await.unwrap();
            }
        };
        one_and_one(runtime, put, get)
    }

    fn tokio_mpsc(runtime: &Runtime, maxsize: usize) -> f64 {
        if maxsize == 0 {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let put = async move { (0..ITEMS).for_each(|item| sender.send(item).unwrap()) };
            let get = async move {
                for _ in 0..ITEMS {
                    receiver.recv().await.unwrap();
                }
            };
            return one_and_one(runtime, put, get);
        }
        let (sender, mut receiver) = mpsc::channel(maxsize);
        let put = async move {
            for item in 0..ITEMS {
                sender.send(item).await.unwrap();
            }
        };
        let get = async move {
            for _ in 0..ITEMS {
                receiver.recv().await.unwrap();
            }
        };
        one_and_one(runtime, put, get)
    }

    pub fn queues() {
        let one = Builder::new_current_thread().build().expect("a runtime");
        let two = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        for (runtime, place) in [(&one, "on one thread"), (&two, "on 2 threads")] {
            for (maxsize, limit) in [(0, "no limit"), (100, "100 at most")] {
                let runs = [
                    Run::of("coroutines::Queue", || ours(runtime, maxsize)),
                    Run::of("async-channel", || async_channel(runtime, maxsize)),
                    Run::of("tokio::sync::mpsc", || tokio_mpsc(runtime, maxsize)),
                ];
                beside(&format!("coroutines: {limit}, 1 puts and 1 takes, {place}"), ROUNDS, runs, QUEUES);
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod processes {
    use std::process::exit;
    use std::sync::Arc;

    use chapters::processes::shared::Shared;
    use chapters::processes::{Queue, SimpleQueue};
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork, pipe, read, write};

    use super::*;

    const ITEMS: u64 = 100_000;
    /// CPython gets fewer items: more wouldn't change its figure.
    const PYTHON_ITEMS: &str = "20000";

    /// Seconds for each item that this process puts and another one takes.
    fn one_and_one(put: impl Fn(u64), get: impl Fn() -> u64) -> f64 {
        let begin = Instant::now();
        // SAFETY: this process has one thread at this moment, so the copy lacks none.
        match unsafe { fork() }.expect("a process") {
            ForkResult::Parent { child } => {
                (0..ITEMS).for_each(put);
                assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
            }
            ForkResult::Child => exit(i32::from(!(0..ITEMS).all(|item| get() == item))),
        }
        begin.elapsed().as_secs_f64() / ITEMS as f64
    }

    /// Seconds for each item that this process puts and takes, one at a time, without waiting.
    fn alone(put: impl Fn(u64), get: impl Fn() -> u64) -> f64 {
        let begin = Instant::now();
        for item in 0..ITEMS {
            put(item);
            assert_eq!(get(), item);
        }
        begin.elapsed().as_secs_f64() / ITEMS as f64
    }

    pub fn queues() {
        let words = Queue::<u64>::WORDS + SimpleQueue::<u64>::WORDS;
        let memory = Arc::new(Shared::new(words).expect("shared memory"));
        let queue: Queue<u64> = Queue::new(&memory, 0).expect("room for a queue");
        let simple: SimpleQueue<u64> = SimpleQueue::new(&memory).expect("room for a queue");
        let (reader, writer) = pipe().expect("a pipe");
        let bare_put = |item: u64| assert_eq!(write(&writer, &item.to_ne_bytes()), Ok(8));
        let bare_get = || {
            let mut item = [0; 8];
            assert_eq!(read(&reader, &mut item), Ok(8)); // nobody writes less
            u64::from_ne_bytes(item)
        };

        compare(
            "processes: a queue, 1 puts and 1 takes",
            Unit::Seconds,
            ROUNDS,
            Run::of("processes::Queue", || one_and_one(|item| queue.put(item).unwrap(), || queue.get().unwrap())),
            [
                (Run::of("a bare pipe", || one_and_one(bare_put, bare_get)), Aim::AtMostTimes(QUEUES)),
                (
                    Run::of_python("CPython's multiprocessing.Queue", "queues.py", &["Queue", PYTHON_ITEMS], 1),
                    Aim::TimesLess(TIMES_LESS),
                ),
            ],
        );
        compare(
            "processes: a simple queue, 1 puts and 1 takes",
            Unit::Seconds,
            ROUNDS,
            Run::of("processes::SimpleQueue", || {
                one_and_one(|item| simple.put(item).unwrap(), || simple.get().unwrap())
            }),
            [
                (Run::of("a bare pipe", || one_and_one(bare_put, bare_get)), Aim::AtMostTimes(QUEUES)),
                (
                    Run::of_python("CPython's SimpleQueue", "queues.py", &["SimpleQueue", PYTHON_ITEMS], 1),
                    Aim::TimesLess(TIMES_LESS),
                ),
            ],
        );
        let [ours, peers @ ..] = [
            Run::of("processes::Queue", || alone(|item| queue.put(item).unwrap(), || queue.get().unwrap())),
            Run::of("processes::SimpleQueue", || alone(|item| simple.put(item).unwrap(), || simple.get().unwrap())),
            Run::of("a bare pipe", || alone(bare_put, bare_get)),
        ];
        let what = "processes: one puts and takes, and nobody waits";
        compare(what, Unit::Seconds, ROUNDS, ours, peers.map(|peer| (peer, Aim::Nothing)));
    }
}
