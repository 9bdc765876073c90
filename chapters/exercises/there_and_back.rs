//! Two transfers between two accounts, in opposite directions and at the same time. They wait for each other forever.
//!
//! Fix `transfer`. It must hold both locks while it moves the money, so that no thread finds the money in neither account.
//! Another thread may run between the two acquisitions, and the call of `meanwhile` stands for that. Don't move it.

use chapters::threads::Lock;

pub struct Account {
    pub number: u32,
    pub balance: Lock<u64>,
}

/// Moves `cents` if `from` has that many. Calls `meanwhile` when it holds one of its two locks.
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
