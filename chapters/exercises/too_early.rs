//! One worker waits until the pile is high enough, and carries it away. It's woken too early, and carries what's there.
//!
//! Fix `carry`. A notification promises only that something has changed.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    if *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    let taken = load.min(*pile);
    *pile -= taken;
    taken
}
