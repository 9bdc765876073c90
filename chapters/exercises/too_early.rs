//! One worker waits until the pile is high enough, and carries it away. It is woken too early, and carries what is there.
//!
//! Mend `carry`. Who notifies promises that something has changed, and no more than that.

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

    /// Takes so much away, or all that is there, and returns how much that is.
    fn take(&mut self, most: u64) -> u64;
}
