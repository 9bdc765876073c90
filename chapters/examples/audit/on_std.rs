//! The accounts with the mutex of the standard library, as a program uses them.

use std::sync;

#[allow(clippy::duplicate_mod, dead_code, reason = "the file is compiled once for each mutex")]
#[path = "accounts.rs"]
mod accounts;

pub use accounts::Accounts;
