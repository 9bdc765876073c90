//! Checks `eight_at_a_time`.

use checks::{Check, Checks};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::eight_at_a_time::answer_all;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("100 requests are answered.", check)]);

const REQUESTS: u64 = 100;
const MOST: usize = 8;
/// How long a request waits for others, so that all threads that will ever run together are present.
const COMPANY: Duration = Duration::from_millis(50);

/// The requests' shared record of each other.
#[derive(Default)]
struct Seen {
    answering: usize,
    most: usize,
    answered: Vec<u64>,
}

fn check() -> Result<(), String> {
    let (seen, changed) = (Mutex::new(Seen::default()), Condvar::new());
    answer_all((0..REQUESTS).collect(), |request| {
        let mut guard = seen.lock().expect("nobody panics");
        guard.answering += 1;
        guard.most = guard.most.max(guard.answering);
        changed.notify_all();
        // Waits until there is one request more than allowed, or a timeout shows that no more will come.
        let waited = changed.wait_timeout_while(guard, COMPANY, |seen| seen.most <= MOST);
        let mut guard = waited.expect("nobody panics").0;
        guard.answering -= 1;
        guard.answered.push(request);
    });
    let mut seen = seen.into_inner().expect("nobody panics");
    seen.answered.sort_unstable();
    if seen.most > MOST {
        return Err(format!("more than {MOST} requests are being answered at one moment"));
    }
    if seen.answered != (0..REQUESTS).collect::<Vec<_>>() {
        return Err(format!(
            "of {REQUESTS} requests {} have been answered when all is said to be done",
            seen.answered.len()
        ));
    }
    Ok(())
}
