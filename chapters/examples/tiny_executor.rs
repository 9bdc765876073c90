//! An executor of about eighty lines, and two coroutines that take turns on it: `cargo run --example tiny_executor`.
//!
//! Like asyncio's loop, it has a queue of ready tasks, timers, and iterations, each of which polls the tasks that were
//! ready at its start. One of the coroutines is an `async fn`, and the other is the same coroutine written by hand.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread;
use std::time::{Duration, Instant};

/// The IDs of the tasks that are ready to be polled.
type Ready = Arc<Mutex<VecDeque<usize>>>;

// ANCHOR: waker
/// The data behind a waker: a task's ID, and the ready queue that `wake` puts it on.
struct Ticket {
    task: usize,
    ready: Ready,
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap().push_back(self.task);
    }
}
// ANCHOR_END: waker

/// The wakers of sleeping tasks, each with its time.
#[derive(Clone, Default)]
struct Timers(Rc<RefCell<BTreeMap<Instant, Vec<Waker>>>>);

impl Timers {
    fn sleep(&self, time: Duration) -> Sleep {
        Sleep { until: Instant::now() + time, timers: self.clone() }
    }
}

// ANCHOR: sleep
/// A future that is ready at a given time.
struct Sleep {
    until: Instant,
    timers: Timers,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        self.timers.0.borrow_mut().entry(self.until).or_default().push(waker);
        Poll::Pending
    }
}
// ANCHOR_END: sleep

/// A spawned coroutine; `None` once it has ended.
struct Task {
    name: &'static str,
    coroutine: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Waker,
}

/// Runs tasks cooperatively on the thread that calls [`run`](Executor::run).
#[derive(Default)]
struct Executor {
    tasks: Vec<Task>,
    ready: Ready,
    timers: Timers,
}

impl Executor {
    fn spawn(&mut self, name: &'static str, coroutine: impl Future<Output = ()> + 'static) {
        let ticket = Arc::new(Ticket { task: self.tasks.len(), ready: Arc::clone(&self.ready) });
        let waker = Waker::from(ticket);
        waker.wake_by_ref();
        self.tasks.push(Task { name, coroutine: Some(Box::pin(coroutine)), waker });
    }

    // ANCHOR: run
    /// In each iteration, polls the tasks that were ready at its start. Ends when no task is ready.
    fn run(&mut self) {
        for iteration in 1.. {
            self.wake_sleepers();
            let ready = mem::take(&mut *self.ready.lock().unwrap());
            if ready.is_empty() {
                return;
            }
            for number in ready {
                let Task { name, coroutine, waker } = &mut self.tasks[number];
                let Some(pinned) = coroutine else { continue };
                println!("iteration {iteration}: polls {name}");
                if pinned.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
                    *coroutine = None;
                }
            }
        }
    }
    // ANCHOR_END: run

    /// Wakes the tasks whose time has come. If no task is ready, waits for the next timer first.
    fn wake_sleepers(&self) {
        let mut timers = self.timers.0.borrow_mut();
        while let Some(first) = timers.first_entry() {
            let left = first.key().saturating_duration_since(Instant::now());
            if !left.is_zero() {
                if !self.ready.lock().unwrap().is_empty() {
                    return;
                }
                thread::sleep(left);
            }
            first.remove().into_iter().for_each(Waker::wake);
        }
    }
}

// ANCHOR: work
async fn work(timers: Timers, time: Duration) {
    for job in 1..=2 {
        println!("    takes job {job}");
        timers.sleep(time).await;
    }
    println!("    is done");
}
// ANCHOR_END: work

// ANCHOR: fields
/// The local variables that `work` keeps between two polls.
struct Work {
    timers: Timers,
    time: Duration,
    job: u32,
    sleep: Option<Sleep>,
}
// ANCHOR_END: fields

// ANCHOR: by_hand
impl Future for Work {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(Pin::new(sleep).poll(context));
            }
            if self.job == 2 {
                println!("    is done");
                return Poll::Ready(());
            }
            self.job += 1;
            println!("    takes job {}", self.job);
            self.sleep = Some(self.timers.sleep(self.time));
        }
    }
}
// ANCHOR_END: by_hand

fn main() {
    chapters::environment::prepare_example();
    let mut executor = Executor::default();
    let timers = executor.timers.clone();
    executor.spawn("worker-1", work(timers.clone(), Duration::from_millis(200)));
    executor.spawn("worker-2", Work { timers, time: Duration::from_millis(300), job: 0, sleep: None });
    executor.run();
}
