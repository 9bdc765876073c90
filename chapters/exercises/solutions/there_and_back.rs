//! Whichever way the money goes, the account with the smaller number is locked first.

use chapters::threads::Lock;

pub struct Account {
    pub number: u32,
    pub balance: Lock<u64>,
}

// ANCHOR: solution
/// Moves so many cents, if they are there. Calls `meanwhile` once it has one of its two locks.
pub fn transfer(from: &Account, to: &Account, cents: u64, meanwhile: impl FnOnce()) -> bool {
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
