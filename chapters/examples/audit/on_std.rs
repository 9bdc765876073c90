//! The accounts with the mutex of the standard library, as a program uses them.

use std::sync;

#[allow(dead_code, reason = "one file serves three modules")]
#[path = "accounts.rs"]
mod accounts;

pub use accounts::Accounts;
