//! Checks `lock_both`.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::lock_both::lock_both;

/// How many times the check tries to make two threads deadlock.
const ROUNDS: usize = 40;
/// How long a thread may take to get to the lock that it has to wait for.
const MOMENT: Duration = Duration::from_millis(2);
/// A thread that hasn't both mutexes after this time never gets them.
const STILL: Duration = Duration::from_millis(1500);

pub fn check() -> Result<(), String> {
    let mutexes = [Mutex::new('a'), Mutex::new('b')];
    let (first, second) = lock_both(&mutexes[0], &mutexes[1]);
    if (*first, *second) != ('a', 'b') {
        return Err("the guards aren't in the order of the arguments".to_owned());
    }
    if mutexes.iter().any(|mutex| mutex.try_lock().is_ok()) {
        return Err("it returned, and one of the mutexes isn't locked".to_owned());
    }
    (0..ROUNDS).try_for_each(|_| round())
}

/// Holds both mutexes until two threads wait for them, and releases first one and then the other. If each thread waits for
/// another mutex, the one that gets the first mutex then waits for the second, which the other thread gets.
fn round() -> Result<(), String> {
    let mutexes = Arc::new([Mutex::new('a'), Mutex::new('b')]);
    let (ended, ends) = mpsc::channel();
    let first = mutexes[0].lock().map_err(|error| error.to_string())?;
    let second = mutexes[1].lock().map_err(|error| error.to_string())?;
    for (one, two) in [(0, 1), (1, 0)] {
        let (mutexes, ended) = (Arc::clone(&mutexes), ended.clone());
        thread::spawn(move || {
            drop(lock_both(&mutexes[one], &mutexes[two]));
            let _ = ended.send(());
        });
    }
    thread::sleep(MOMENT);
    drop(first);
    thread::sleep(MOMENT);
    drop(second);
    let both = (0..2).try_for_each(|_| ends.recv_timeout(STILL));
    both.map_err(|_| "two threads each hold one mutex and wait for the other".to_owned())
}
