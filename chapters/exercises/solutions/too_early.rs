//! A woken thread checks its condition again, and waits again if it doesn't hold: `wait_for` is that loop.

use chapters::threads::{Condition, Lock};

// ANCHOR: solution
/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Lock<impl Pile>, higher: &Condition, load: u64) -> u64 {
    let mut pile = higher.wait_for(pile.acquire(), |pile| pile.height() >= load);
    pile.take(load)
}
// ANCHOR_END: solution

pub trait Pile {
    fn height(&self) -> u64;

    /// Removes at most `most` from the pile, and returns the amount.
    fn take(&mut self, most: u64) -> u64;
}
