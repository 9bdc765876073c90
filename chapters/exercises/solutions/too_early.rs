//! A woken thread checks the height again, and waits again if the pile isn't high enough. If it leaves enough for another
//! one, it passes the notification on.

use chapters::scheduler::sync::{Condvar, Mutex};

// ANCHOR: solution
/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = pile.lock().unwrap();
    while *pile < load {
        pile = higher.wait(pile).unwrap();
    }
    *pile -= load;
    if *pile >= load {
        higher.notify_one();
    }
    load
}
// ANCHOR_END: solution
