//! Checks `eight_at_a_time`.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use checks::{Check, Checks, threads};

use super::eight_at_a_time::answer_all;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("16 requests are answered, each of which waits until eight are being answered.", all_eight)
        .or_hangs("Fewer than eight requests are being answered at the same time, and each waits for the others."),
    Check::new("100 requests are answered, and the threads are counted.", limited),
    Check::new("The first of 100 requests takes as long as all others together.", shared)
        .or_hangs("The first request takes long, and some of the others wait for its thread, although seven are free."),
    Check::new("16 requests are answered, and all threads are watched while the first ones take long.", waits),
    Check::new("The answers to the first 20 of 40 requests panic.", panics),
]);

const MOST: usize = 8;
/// More threads than this at a time have been started without a limit. A thread that has given its place to another may
/// still be ending, on a busy machine even several of them.
const MANY: usize = 50;
/// How long a request waits for one too many.
const COMPANY: Duration = Duration::from_millis(50);

/// The requests' shared record of each other.
#[derive(Default)]
struct Seen {
    inner: Mutex<Inner>,
    changed: Condvar,
    /// The thread that calls `answer_all`, if each request unparks it, so that a `park` may return for no reason.
    caller: Option<thread::Thread>,
}

#[derive(Default)]
struct Inner {
    answering: usize,
    most: usize,
    threads: usize,
    answered: Vec<u64>,
    /// Whether requests that take long may end.
    may_end: bool,
    /// Whether `answer_all` has returned.
    is_over: bool,
}

impl Seen {
    /// Answers a request: waits until `is_met` is true, or for `limit`.
    fn answer(&self, request: u64, limit: Option<Duration>, is_met: impl Fn(&Inner) -> bool) {
        let mut inner = self.lock();
        inner.answering += 1;
        inner.most = inner.most.max(inner.answering);
        self.changed.notify_all();
        self.caller.iter().for_each(thread::Thread::unpark);
        let wait = |inner: &mut Inner| !is_met(inner);
        let mut inner = match limit {
            Some(limit) => {
                self.changed.wait_timeout_while(inner, limit, wait).unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait_while(inner, wait).unwrap_or_else(PoisonError::into_inner),
        };
        inner.threads = inner.threads.max(threads::count());
        inner.answering -= 1;
        inner.answered.push(request);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limited() -> Result<(), String> {
    let seen = Seen { caller: Some(thread::current()), ..Seen::default() };
    let before = threads::count_settled();
    answer_all((0..100).collect(), |request| seen.answer(request, Some(COMPANY), |inner| inner.most > MOST));
    let inner = seen.lock();
    if inner.most > MOST {
        return Err(format!("More than {MOST} requests are being answered at the same time."));
    }
    let mut answered = inner.answered.clone();
    answered.sort_unstable();
    if answered != (0..100).collect::<Vec<_>>() {
        return Err(format!("When `answer_all` returned, {} of 100 requests had been answered.", answered.len()));
    }
    match inner.threads.saturating_sub(before) {
        threads if threads > MANY => Err(format!(
            "There are {threads} threads at the same time, although only {MOST} requests are being answered."
        )),
        _ => Ok(()),
    }
}

fn all_eight() -> Result<(), String> {
    let seen = Seen::default();
    answer_all((0..16).collect(), |request| seen.answer(request, None, |inner| inner.most >= MOST));
    Ok(())
}

fn shared() -> Result<(), String> {
    let seen = Seen::default();
    answer_all((0..100).collect(), |request| {
        seen.answer(request, None, |inner| request > 0 || inner.answered.len() == 99);
    });
    Ok(())
}

/// How often the threads may be scheduled until eight requests are being answered.
const TIMES: u64 = 2_000;

fn waits() -> Result<(), String> {
    let seen = Seen::default();
    thread::scope(|scope| {
        let answering = scope.spawn(|| {
            answer_all((0..16).collect(), |request| seen.answer(request, None, |inner| inner.may_end));
            seen.lock().is_over = true;
        });
        // No request can end, so nothing wakes a thread.
        let is_over = || seen.lock().is_over;
        let is_blocked = threads::wait_until_others_are_blocked("`answer_all`", TIMES, is_over);
        let waits = is_blocked.and_then(|is_blocked| match is_blocked {
            true => threads::are_asleep("`answer_all`"),
            false => Err("`answer_all` returns while requests are being answered.".to_owned()),
        });
        seen.lock().may_end = true;
        seen.changed.notify_all();
        answering.join().map_err(|_| "`answer_all` panicked.".to_owned())?;
        waits
    })
}

fn panics() -> Result<(), String> {
    let seen = Seen::default();
    let all = panic::catch_unwind(AssertUnwindSafe(|| {
        answer_all((0..40).collect(), |request| {
            seen.answer(request, None, |_| true);
            if request < 20 {
                checks::expect_panic();
                panic!("a bad request");
            }
        });
    }));
    match (seen.lock().answered.len(), all) {
        (40, Err(_)) => Ok(()),
        (40, Ok(())) => Err("The answers to 20 requests panicked, and `answer_all` returns.".to_owned()),
        (answered, _) => Err(format!(
            "Some answers panicked, and when `answer_all` ended, {answered} of 40 requests had been answered."
        )),
    }
}
