//! Locks the account with the smaller number first, no matter in which direction the money goes.

use chapters::scheduler::sync::Mutex;

pub struct Account {
    pub number: u32,
    pub balance: Mutex<u64>,
}

// ANCHOR: solution
/// Moves `cents` from one account to another, or to the same one, if there are that many. Returns whether there are.
pub fn transfer(from: &Account, to: &Account, cents: u64) -> bool {
    if from.number == to.number {
        return *from.balance.lock().unwrap() >= cents; // a thread can't lock the same mutex twice
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
// ANCHOR_END: solution
