//! `wait_while` is the loop.

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let mut pile = higher.wait_while(pile.lock().unwrap(), |pile| *pile < load).unwrap();
    *pile -= load;
    if *pile >= load {
        higher.notify_all();
    }
    load
}
