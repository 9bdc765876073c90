//! Checks three times.
//! Refused: A carries 2 of 3

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    if *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    if *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    if *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    let taken = load.min(*pile);
    *pile -= taken;
    if *pile >= load {
        higher.notify_one();
    }
    taken
}
