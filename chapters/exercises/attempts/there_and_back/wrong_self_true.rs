//! Claims that any amount can be moved from an account to itself.
//! Refused: 150 of 100 cents were moved from account 1 to itself

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
    let in_order = from.number < to.number;
    let (first, second) = if in_order { (from, to) } else { (to, from) };
    let mut first = first.balance.lock().unwrap();
    let mut second = second.balance.lock().unwrap();
    let (source, target) = if in_order { (&mut *first, &mut *second) } else { (&mut *second, &mut *first) };
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
