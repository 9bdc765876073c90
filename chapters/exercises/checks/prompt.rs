//! Checks `prompt`: a job waits, on its thread, for an action of a coroutine beside it.

use checks::threads::Thread;
use checks::{Check, Checks, message_of};
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::{task, time};

use super::prompt::{Job, answer};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A job waits for something that a coroutine does.", check),
    Check::new("The second of three jobs panics.", panics),
]);

/// How long the job is running. A longer time changes nothing for an answer that waits, and reveals one that polls.
const RUNNING: Duration = Duration::from_millis(300);
/// How often the coroutine beside it must have run in that time.
const ROUNDS: u64 = 100;
/// How often a timer of the event loop must have gone off in that time, one pause after another. So the time is longer on a busy
/// machine, where an `answer` that sleeps is polled less often.
const PAUSES: u64 = 20;
const PAUSE: Duration = Duration::from_millis(10);
/// The answer of a job that waited in vain.
const IN_VAIN: u64 = u64::MAX;

/// How often `answer` and the coroutine beside it were polled.
#[derive(Default)]
struct Polls {
    answer: AtomicU64,
    beside: AtomicU64,
    /// How often a timer has gone off.
    pauses: AtomicU64,
    /// How often `answer` was polled while the job was running.
    meanwhile: AtomicU64,
}

thread_local! {
    /// Whether this thread runs the event loop.
    static IS_LOOP: Cell<bool> = const { Cell::new(false) };
}

/// A job that ends when the coroutine beside it has run often enough, or when it can't run because the loop's thread is
/// blocked.
fn listen(polls: &Polls, event_loop: &Thread) -> u64 {
    if IS_LOOP.get() {
        return IN_VAIN;
    }
    let (begin, rounds, polled) = (Instant::now(), polls.beside.load(Relaxed), polls.answer.load(Relaxed));
    let pauses = polls.pauses.load(Relaxed);
    let is_enough = || {
        let has_run = polls.beside.load(Relaxed) >= rounds + ROUNDS && polls.pauses.load(Relaxed) >= pauses + PAUSES;
        has_run && begin.elapsed() > RUNNING
    };
    let is_blocked = event_loop.wait_until_blocked(is_enough);
    polls.meanwhile.store(polls.answer.load(Relaxed) - polled, Relaxed);
    if is_blocked { IN_VAIN } else { 18 }
}

fn check() -> Result<(), String> {
    // No job panics.
    panic::catch_unwind(waits).unwrap_or_else(|_| Err("`answer` panics:".to_owned()))
}

fn waits() -> Result<(), String> {
    IS_LOOP.set(true);
    let runtime = Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
    let (polls, event_loop) = (Arc::new(Polls::default()), Thread::current());
    let listener: Job = Box::new({
        let polls = Arc::clone(&polls);
        move || listen(&polls, &event_loop)
    });
    let jobs: Vec<Job> = vec![Box::new(|| 17), listener, Box::new(|| 4)];
    let answers = runtime.block_on(async {
        let beside = Arc::clone(&polls);
        task::spawn(async move {
            loop {
                beside.beside.fetch_add(1, Relaxed);
                task::yield_now().await;
            }
        });
        let timer = Arc::clone(&polls);
        task::spawn(async move {
            loop {
                time::sleep(PAUSE).await;
                timer.pauses.fetch_add(1, Relaxed);
            }
        });
        let mut answers = pin!(answer(jobs));
        poll_fn(|context| {
            polls.answer.fetch_add(1, Relaxed);
            match answers.as_mut().poll(context) {
                // Nothing has happened since the first poll, so the result must be the same.
                Poll::Pending => answers.as_mut().poll(context),
                ready => ready,
            }
        })
        .await
    });
    let expected = [17, 18, 4];
    match answers[..] {
        [17, IN_VAIN, 4] => return Err("While a job ran, the coroutine beside it didn't run.".to_owned()),
        _ if answers != expected => return Err(format!("The answers are {answers:?}, not {expected:?}.")),
        _ => {}
    }
    let polled = polls.meanwhile.load(Relaxed);
    if polled > 2 {
        return Err(format!(
            "While a job was running, `answer` was polled {polled} times: it polls instead of waiting for the end of the job."
        ));
    }
    // Jobs that run at the same time may end in any order.
    let others: Vec<Job> = (0..10).map(|number| -> Job { Box::new(move || late(number)) }).collect();
    let answers = runtime.block_on(answer(others));
    match answers.iter().copied().eq(0..10) {
        true => Ok(()),
        false => Err(format!("Ten jobs answer the numbers from 0 to 9, and the answers are {answers:?}.")),
    }
}

/// A job that takes the less time the larger its number is.
fn late(number: u64) -> u64 {
    thread::sleep(Duration::from_millis(10 - number));
    number
}

/// The message of a job's panic.
const PANIC: &str = "job 2 is bad";

fn panics() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
    let bad: Job = Box::new(|| {
        checks::expect_panic();
        panic!("{PANIC}")
    });
    let jobs: Vec<Job> = vec![Box::new(|| 1), bad, Box::new(|| 3)];
    let answers = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(answer(jobs))));
    let payload = match answers {
        Ok(answers) => return Err(format!("The second job panicked, and the answers are {answers:?}.")),
        Err(payload) => payload,
    };
    match message_of(payload.as_ref()) {
        Some(PANIC) => Ok(()),
        _ => Err("The second job panicked, and `answer` doesn't panic with the payload of the job's panic.".to_owned()),
    }
}
