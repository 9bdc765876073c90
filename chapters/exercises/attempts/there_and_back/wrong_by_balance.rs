//! Orders the accounts by their balances, which change.
//! Refused: wait forever

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another if there are that many. Returns whether it did.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    if from.number == to.number {
        return *from.balance.lock().unwrap() >= cents; // a thread can't lock the same mutex twice
    }
    let less = *from.balance.lock().unwrap() < *to.balance.lock().unwrap();
    let (mut source, mut target);
    if less {
        source = from.balance.lock().unwrap();
        target = to.balance.lock().unwrap();
    } else {
        target = to.balance.lock().unwrap();
        source = from.balance.lock().unwrap();
    }
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
