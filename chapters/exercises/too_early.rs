//! Workers wait until a pile is high enough, and carry some of it away. Now and then, one of them carries too little.
//!
//! Fix `carry`. Several workers with the same load may use the pile. A thread that adds to it, whether a little or a
//! lot, calls `notify_one` once. No worker may wait while the pile is high enough for it.

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
