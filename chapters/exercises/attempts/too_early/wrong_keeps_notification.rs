//! Leaves enough for another worker, and lets it sleep.
//! Refused: The pile was high enough for both.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    while *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    let taken = load.min(*pile);
    *pile -= taken;
    taken
}
