//! The accounts with shuttle's mutex, in random interleavings of a transfer and an audit.

use shuttle::sync::{self, Arc};
use shuttle::thread;

#[allow(clippy::duplicate_mod, dead_code, reason = "the file is compiled once for each mutex")]
#[path = "accounts.rs"]
mod accounts;

use accounts::{Accounts, Total};

pub use accounts::TOTALS;

/// The first seed, so that each run prints the same.
const SEED: u64 = 1;

// ANCHOR: check
pub fn check(total: Total) {
    shuttle::check_random_with_seed(move || audit(total), SEED, 1_000);
}

fn audit(total: Total) {
    let accounts = Arc::new(Accounts::of(100));
    let customer = thread::spawn({
        let accounts = Arc::clone(&accounts);
        move || accounts.save(10)
    });
    assert_eq!(total(&accounts), 200);
    customer.join().unwrap();
}
// ANCHOR_END: check

pub fn replay(total: Total, schedule: &str) {
    shuttle::replay(move || audit(total), schedule);
}
