//! Locks the account with the smaller number first, in whichever direction the money goes.

use chapters::threads::Lock;

pub struct Account {
    pub number: u32,
    pub balance: Lock<u64>,
}

// ANCHOR: solution
/// Moves `cents` if `from` has that many. Calls `meanwhile` when it holds one of its two locks.
pub fn transfer(from: &Account, to: &Account, cents: u64, meanwhile: impl FnOnce()) -> bool {
    if from.number == to.number {
        meanwhile();
        return *from.balance.acquire() >= cents; // a thread can't acquire the same lock twice
    }
    let in_order = from.number < to.number;
    let (first, second) = if in_order { (from, to) } else { (to, from) };
    let mut first = first.balance.acquire();
    meanwhile();
    let mut second = second.balance.acquire();
    let (source, target) = if in_order { (&mut *first, &mut *second) } else { (&mut *second, &mut *first) };
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
// ANCHOR_END: solution
