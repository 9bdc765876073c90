//! Looks at `lock_both`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::lock_both::lock_both;

/// How many times each of the two threads locks both mutexes.
const TIMES: u32 = 200_000;
/// After this time without progress, both threads stand still.
const STILL: Duration = Duration::from_millis(500);

pub fn check() -> Result<(), String> {
    let mutexes = Arc::new([Mutex::new('a'), Mutex::new('b')]);
    let (first, second) = lock_both(&mutexes[0], &mutexes[1]);
    if (*first, *second) != ('a', 'b') {
        return Err("the guards aren't in the order of the arguments".to_owned());
    }
    if mutexes.iter().any(|mutex| mutex.try_lock().is_ok()) {
        return Err("it returned, and one of the mutexes isn't locked".to_owned());
    }
    drop((first, second));
    let (progress, (ended, ends)) = (Arc::new(AtomicU32::new(0)), mpsc::channel());
    for (one, two) in [(0, 1), (1, 0)] {
        let (mutexes, progress, ended) = (Arc::clone(&mutexes), Arc::clone(&progress), ended.clone());
        thread::spawn(move || {
            for _ in 0..TIMES {
                drop(lock_both(&mutexes[one], &mutexes[two]));
                progress.fetch_add(1, Relaxed);
            }
            let _ = ended.send(());
        });
    }
    for _ in 0..2 {
        let mut before = progress.load(Relaxed);
        while ends.recv_timeout(STILL).is_err() {
            let now = progress.load(Relaxed);
            if now == before {
                return Err("two threads each hold one mutex and wait for the other".to_owned());
            }
            before = now;
        }
    }
    Ok(())
}
