//! Checks `no_end`.

use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

use checks::{Check, Checks, threads};

use super::no_end::sum;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("Four workers add up the numbers below 1,000.", adds)
        .or_hangs("The workers wait for another number, because the queue still has a sender."),
    Check::new("There's a break of two seconds between two numbers.", pauses)
        .or_hangs("The workers wait for another number, because the queue still has a sender."),
    Check::new("An iterator panics while it reads the last number.", panics).or_hangs(
        "`sum` panics while it reads the numbers, and the workers wait forever, for a message or a count that will never \
         come. The end of the queue would have told them.",
    ),
]);

/// How long the break is. A worker that waits for a timeout gives up in it, or else takes that long to end.
const BREAK: Duration = Duration::from_secs(2);

fn adds() -> Result<(), String> {
    let (before, mut workers) = (threads::count_settled(), 4);
    let mut numbers = 0..1_000;
    let numbers = std::iter::from_fn(|| {
        let number = numbers.next();
        if number.is_none() && before > 0 {
            workers = threads::count().saturating_sub(before);
        }
        number
    });
    match (sum(numbers), workers) {
        (499_500, 4) => Ok(()),
        (499_500, workers) => Err(format!("When the numbers end, there are {workers} worker threads instead of 4.")),
        (other, _) => Err(format!("The numbers from 0 to 999 add up to 499500, not to {other}.")),
    }
}

fn pauses() -> Result<(), String> {
    let (mut last, mut blocked) = (Instant::now(), Ok(()));
    let numbers = (0..20).inspect(|number| {
        if *number == 10 {
            blocked = threads::are_blocked("A worker without numbers");
            thread::sleep(BREAK);
        }
        last = Instant::now();
    });
    let sum = panic::catch_unwind(AssertUnwindSafe(|| sum(numbers)));
    let took = last.elapsed();
    match sum {
        Ok(190) if took < BREAK => blocked,
        Ok(190) => {
            Err(format!("The workers end {:.1} s after the last number: they wait for a timeout.", took.as_secs_f64()))
        }
        _ => Err("After a break of two seconds, the workers have ended, and there are more numbers.".to_owned()),
    }
}

fn panics() -> Result<(), String> {
    let numbers = (0..20).inspect(|number| {
        if *number == 19 {
            checks::expected_panic();
        }
    });
    match panic::catch_unwind(AssertUnwindSafe(|| sum(numbers))) {
        Ok(_) => Err("The iterator panicked, and `sum` returned.".to_owned()),
        Err(_) => Ok(()),
    }
}
