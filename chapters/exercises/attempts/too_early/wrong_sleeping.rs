//! Sleeps between two looks.
//! Refused: `thread` isn't from `chapters::scheduler`

use std::time::Duration;

use chapters::scheduler::sync::{Condvar, Mutex};

/// Waits until the pile is `load` high, takes that much, and returns how much it took.
pub fn carry(pile: &Mutex<u64>, higher: &Condvar, load: u64) -> u64 {
    let lock = pile;
    let mut pile = lock.lock().unwrap();
    while *pile < load {
        drop(pile);
        std::thread::sleep(Duration::from_millis(1));
        pile = lock.lock().unwrap();
    }
    _ = higher;
    let taken = load.min(*pile);
    *pile -= taken;
    taken
}
