//! Takes the money before it locks the other account.
//! Refused: in neither account

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another if there are that many. Returns whether it did.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    let mut source = from.balance.lock().unwrap();
    if *source < cents {
        return false;
    }
    *source -= cents;
    drop(source);
    *to.balance.lock().unwrap() += cents;
    true
}
