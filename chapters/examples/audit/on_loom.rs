//! The accounts with loom's mutex, in all interleavings of a transfer and an audit.

use std::sync::Arc;

use loom::sync;
use loom::thread;

#[allow(clippy::duplicate_mod, dead_code, reason = "the file is compiled once for each mutex")]
#[path = "accounts.rs"]
mod accounts;

use accounts::{Accounts, Total};

pub use accounts::TOTALS;

// ANCHOR: check
pub fn check(total: Total) {
    loom::model(move || {
        let accounts = Arc::new(Accounts::of(100));
        let customer = thread::spawn({
            let accounts = Arc::clone(&accounts);
            move || accounts.save(10)
        });
        assert_eq!(total(&accounts), 200);
        customer.join().unwrap();
    });
}
// ANCHOR_END: check
