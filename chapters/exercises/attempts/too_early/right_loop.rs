//! Written as a loop with a break.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    loop {
        if *pile >= load {
            break;
        }
        pile = higher.wait(pile).unwrap();
    }
    *pile -= load;
    if *pile >= load {
        higher.notify_one();
    }
    load
}
