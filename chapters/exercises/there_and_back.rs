//! Two transfers move money between two accounts at the same time, in opposite directions. They wait for each other forever.
//!
//! Fix `transfer`, for any accounts. It must hold all locks while it moves the money, so that no thread finds it in neither
//! account. Each account has a number of its own.

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another, or to the same one, if there are that many. Returns whether there are.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    let mut source = from.balance.lock().unwrap();
    let mut target = to.balance.lock().unwrap();
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
