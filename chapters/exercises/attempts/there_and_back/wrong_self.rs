//! Forgets that both accounts may be the same.
//! Refused: which it holds itself

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

/// Moves `cents` from one account to another if there are that many. Returns whether it did.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    let (mut source, mut target);
    if from.number < to.number {
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
