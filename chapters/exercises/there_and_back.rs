//! Money goes from one account to another and back, at the same time. The two transfers wait for each other, for ever.
//!
//! Mend `transfer`. Both accounts must be locked while money moves, so that it is never in neither of them. And between
//! the two locks another thread may come in: `meanwhile` stands for it, so leave it there.

use chapters::threads::Lock;

pub struct Account {
    pub number: u32,
    pub balance: Lock<u64>,
}

/// Moves so many cents, if they are there. Calls `meanwhile` once it has one of its two locks.
pub fn transfer(from: &Account, to: &Account, cents: u64, meanwhile: impl FnOnce()) -> bool {
    let mut source = from.balance.acquire();
    meanwhile();
    let mut target = to.balance.acquire();
    let enough = *source >= cents;
    if enough {
        *source -= cents;
        *target += cents;
    }
    enough
}
