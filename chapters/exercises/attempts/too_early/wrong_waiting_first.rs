//! Waits before it looks.
//! Refused: The pile is high enough for A.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    loop {
        pile = higher.wait(pile).unwrap();
        if *pile >= load {
            break;
        }
    }
    let taken = load.min(*pile);
    *pile -= taken;
    taken
}
