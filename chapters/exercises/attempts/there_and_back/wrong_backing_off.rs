//! Tries, and tries again.
//! Refused: A tries to lock instead of waiting

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another if there are that many. Returns whether it did.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    if from.number == to.number {
        return true;
    }
    loop {
        let mut source = from.balance.lock().unwrap();
        let Ok(mut target) = to.balance.try_lock() else {
            continue;
        };
        let enough = *source >= cents;
        if enough {
            *source -= cents;
            *target += cents;
        }
        return enough;
    }
}
