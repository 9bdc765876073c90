//! Checks `forecast`.

use super::forecast::{Work, Workers, at_least};
use checks::{Check, Checks};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Seven forecasts.", check)]);

/// Work, workers, and how long it takes at least, with the reason.
const CASES: [(Work, Workers, f64, &str); 7] = [
    case(4.0, 0.0, 1.0, false, 4.0, "one worker computes for 4 s"),
    case(0.0, 4.0, 8.0, true, 0.5, "8 workers wait for 4 s in all, and waiting needs no turn"),
    case(4.0, 0.0, 2.0, false, 2.0, "2 workers compute for 4 s in all, on 2 cores"),
    case(4.0, 0.0, 8.0, false, 2.0, "8 workers compute for 4 s in all, on 2 cores"),
    case(4.0, 0.0, 8.0, true, 4.0, "8 workers compute for 4 s in all, one at a time"),
    case(2.0, 6.0, 4.0, false, 2.0, "each of 4 workers computes and waits for 2 s in all"),
    case(2.0, 6.0, 4.0, true, 2.0, "4 workers compute for 2 s one at a time, and wait for 6 s in all"),
];

const fn case(
    computing: f64,
    waiting: f64,
    count: f64,
    one_at_a_time: bool,
    seconds: f64,
    why: &'static str,
) -> (Work, Workers, f64, &'static str) {
    (Work { computing, waiting }, Workers { count, cores: 2.0, one_at_a_time }, seconds, why)
}

fn check() -> Result<(), String> {
    CASES.iter().try_for_each(|(work, workers, seconds, why)| {
        let forecast = at_least(work, workers);
        match (forecast - seconds).abs() < 1e-9 {
            true => Ok(()),
            false => Err(format!("If {why}, that takes {seconds} s at least, not {forecast} s.")),
        }
    })
}
