//! Checks `same_pool`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use checks::{Check, Checks, threads};
use crossbeam::channel;

use super::same_pool::{Task, perform, sum};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("Two threads add up 10 and then 1,000 numbers.", adds)
        .or_hangs("Each of the two threads waits for a sum that a thread of the pool would have to compute."),
    Check::new("A task has 40 numbers, and the check is the pool.", hands_over)
        .or_hangs("The check answers each task that's handed to the pool, and `perform` doesn't end."),
    Check::new("While a thread waits for a sum, there's another task.", helps)
        .or_hangs("A thread waits for a sum, and it doesn't perform the other task that's on the queue."),
    Check::new("The threads are counted.", two_threads),
]);

fn adds() -> Result<(), String> {
    for numbers in [10, 1_000] {
        let (found, right) = (sum((0..numbers).collect()), numbers * (numbers - 1) / 2);
        if found != right {
            return Err(format!("The numbers below {numbers} add up to {right}, not to {found}."));
        }
    }
    Ok(())
}

fn hands_over() -> Result<(), String> {
    let (pool, handed) = channel::unbounded();
    let (_tasks, queue) = channel::unbounded();
    let (sum, total) = channel::bounded(1);
    let task = Task { numbers: (0..40).collect(), sum, pool };
    let mut count = 0;
    thread::scope(|scope| {
        scope.spawn(|| perform(task, &queue));
        for task in &handed {
            count += task.numbers.len();
            _ = task.sum.send(task.numbers.iter().sum());
        }
    });
    match (count, total.try_recv()) {
        (0..30, _) => Err(format!("Of 40 numbers, {count} were handed to the pool. A task may keep 10 of them.")),
        (_, Ok(780)) => Ok(()),
        (_, total) => Err(format!("The numbers below 40 add up to 780, and the answer is {total:?}.")),
    }
}

fn helps() -> Result<(), String> {
    let (pool, handed) = channel::unbounded();
    let (tasks, queue) = channel::unbounded();
    let (sum, total) = channel::bounded(1);
    let task = Task { numbers: (0..40).collect(), sum, pool };
    thread::scope(|scope| {
        scope.spawn(|| perform(task, &queue));
        // The thread waits for the sum of these.
        let first = handed.recv().map_err(|_| "Nothing was handed to the pool.".to_owned())?;
        let blocked = threads::are_blocked("A thread that waits for a sum");
        let (sum, other) = channel::bounded(1);
        let task = Task { numbers: vec![1, 2, 3], sum, pool: first.pool.clone() };
        tasks.send(task).map_err(|_| "The queue is gone.".to_owned())?;
        let other = other.recv();
        _ = first.sum.send(first.numbers.iter().sum());
        drop(first);
        for task in &handed {
            _ = task.sum.send(task.numbers.iter().sum());
        }
        match other {
            Ok(6) => blocked,
            other => Err(format!("Another task has the numbers 1, 2, and 3, and the answer is {other:?}.")),
        }
    })?;
    match total.try_recv() {
        Ok(780) => Ok(()),
        total => Err(format!("The numbers below 40 add up to 780, and the answer is {total:?}.")),
    }
}

fn two_threads() -> Result<(), String> {
    let (done, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let before = threads::count_settled();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                most.fetch_max(threads::count(), Relaxed);
            }
        });
        // With too many threads, the first sums are enough, and the others could take long.
        for _ in 0..20 {
            if most.load(Relaxed) > before + 1 + 2 {
                break;
            }
            sum((0..5_000).collect());
            // The threads of this sum aren't to be counted together with those of the next one.
            threads::count_settled();
        }
        done.store(true, Relaxed);
    });
    // The thread that counts is another one.
    match most.load(Relaxed).saturating_sub(before + 1) {
        0..=2 => Ok(()),
        threads => Err(format!("There should be two threads in the pool, and there are {threads} threads.")),
    }
}
