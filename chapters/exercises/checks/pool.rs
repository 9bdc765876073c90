//! Checks `pool` with jobs that wait for each other, or for the check.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use checks::{Check, Checks, threads};
use crossbeam::channel;

use super::pool::{Answer, Pool};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A pool of 2 threads runs 3 jobs.", results)
        .or_hangs("No thread of the pool runs the job, or its result doesn't come back."),
    Check::new("A job waits until `submit` has returned.", submits)
        .or_hangs("`submit` doesn't return before the job has run."),
    Check::new("A pool of 2 threads runs 2 jobs, which wait for each other.", together)
        .or_hangs("Each job needs the other one to run at the same time."),
    Check::new("A pool of 2 threads gets 6 jobs.", no_more_threads),
    Check::new("Two jobs panic in a pool of 1 thread, and a good job follows.", panics)
        .or_hangs("A job panicked, and the only thread of the pool went with it."),
    Check::new("Nobody waits for the result of a job.", unwanted)
        .or_hangs("A job's result wasn't wanted, and the only thread of the pool went with it."),
    Check::new("A pool is dropped while it has jobs.", dropped)
        .or_hangs("Dropping the pool doesn't end. Its threads end when they know that no job will come."),
    Check::new("A pool has nothing to do.", idle),
]);

fn expect<T: PartialEq + std::fmt::Debug>(answer: Answer<T>, expected: Result<T, &str>) -> Result<(), String> {
    let expected = expected.map_err(str::to_owned);
    match answer.wait() {
        result if result == expected => Ok(()),
        result => Err(format!("A job should end with {expected:?}, and `wait` returns {result:?}.")),
    }
}

fn results() -> Result<(), String> {
    let pool = Pool::new(2);
    let answers = [1, 2, 3].map(|number| {
        pool.submit(move || {
            // The next `park` of the thread returns at once.
            thread::current().unpark();
            number * number
        })
    });
    answers.into_iter().zip([1, 4, 9]).try_for_each(|(answer, square)| expect(answer, Ok(square)))?;
    expect(pool.submit(|| "text".to_owned()), Ok("text".to_owned()))
}

fn submits() -> Result<(), String> {
    let pool = Pool::new(1);
    let (go, wait) = channel::bounded::<()>(1);
    let answer = pool.submit(move || wait.recv().is_ok());
    go.send(()).expect("the job has the receiver");
    expect(answer, Ok(true))
}

fn together() -> Result<(), String> {
    let pool = Pool::new(2);
    let barrier = Arc::new(Barrier::new(2));
    let answers = [(); 2].map(|()| {
        let barrier = Arc::clone(&barrier);
        pool.submit(move || _ = barrier.wait())
    });
    answers.into_iter().try_for_each(|answer| expect(answer, Ok(())))
}

fn no_more_threads() -> Result<(), String> {
    let before = threads::count_settled();
    let pool = Pool::new(2);
    let (go, wait) = channel::unbounded::<()>();
    let answers = [(); 6].map(|()| {
        let wait = wait.clone();
        pool.submit(move || _ = wait.recv())
    });
    let started = threads::count().saturating_sub(before);
    if started > 2 {
        return Err(format!("6 jobs were submitted to a pool of 2 threads, and there are {started} threads."));
    }
    drop(go);
    answers.into_iter().try_for_each(|answer| expect(answer, Ok(())))
}

fn panics() -> Result<(), String> {
    let pool = Pool::new(1);
    let bad = pool.submit(|| bad_job("a job is bad"));
    let worse = pool.submit(|| bad_job(&format!("job {} is bad", 2)));
    let good = pool.submit(|| 3);
    for (answer, message) in [(bad, "a job is bad"), (worse, "job 2 is bad")] {
        match answer.wait() {
            Err(said) if said == message => {}
            Err(said) => return Err(format!("A job panics with {message:?}, and the message is {said:?}.")),
            Ok(_) => return Err("A job panicked, and `wait` returns a result.".to_owned()),
        }
    }
    match good.wait() {
        Ok(3) => Ok(()),
        other => Err(format!("A job panicked, and the good job after it ends with {other:?}.")),
    }
}

/// Panics with a message, which is a `&str` or a `String`.
fn bad_job(message: &str) -> u32 {
    checks::expect_panic();
    if message == "a job is bad" { panic!("a job is bad") } else { panic!("{message}") }
}

fn unwanted() -> Result<(), String> {
    let pool = Pool::new(1);
    let (go, wait) = channel::bounded::<()>(1);
    // Drops the answer.
    _ = pool.submit(move || _ = wait.recv());
    _ = go.send(());
    match pool.submit(|| 2).wait() {
        Ok(2) => Ok(()),
        other => Err(format!("A job ended after its answer was dropped, and the next one ends with {other:?}.")),
    }
}

fn dropped() -> Result<(), String> {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new(2);
    for _ in 0..4 {
        let done = Arc::clone(&done);
        _ = pool.submit(move || {
            thread::sleep(Duration::from_millis(100));
            done.fetch_add(1, SeqCst);
        });
    }
    drop(pool);
    match done.load(SeqCst) {
        4 => Ok(()),
        done => Err(format!("The pool was dropped, and only {done} of its 4 jobs had run when `drop` returned.")),
    }
}

fn idle() -> Result<(), String> {
    let pool = Pool::new(2);
    expect(pool.submit(|| 1), Ok(1))?;
    threads::are_blocked("A pool without jobs")?;
    let (go, wait) = channel::bounded::<()>(1);
    let answer = pool.submit(move || _ = wait.recv());
    let waiting = thread::spawn(|| {
        thread::current().unpark();
        answer.wait()
    });
    threads::are_blocked("`wait`")?;
    if waiting.is_finished() {
        checks::violated("`wait` ends while the job is running. Its thread had been unparked before.");
    }
    _ = go.send(());
    waiting.join().map_err(|_| "`wait` panicked.".to_owned())?.map(drop)
}
