//! One worker waits until the pile is high enough, and carries it away. It is woken too early, and carries what is there.
//!
//! Fix `carry`. A notification promises only that something has changed.

use chapters::threads::{Condition, Lock};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Lock<impl Pile>, higher: &Condition, load: u64) -> u64 {
    let mut pile = pile.acquire();
    if pile.height() < load {
        pile = higher.wait(pile);
    }
    pile.take(load)
}

pub trait Pile {
    fn height(&self) -> u64;

    /// Removes at most `most` from the pile, and returns the amount.
    fn take(&mut self, most: u64) -> u64;
}
