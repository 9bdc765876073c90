//! Parks once, until the last of its threads unparks it.
//! Refused: of 6 results

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Calls the function with each item, on several threads, and returns the results in the order of the items.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, function: impl Fn(T) -> R + Sync) -> Vec<R> {
    let results: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    let (items, panicked) = (Mutex::new(items.into_iter().enumerate()), Mutex::new(None));
    let (caller, running) = (thread::current(), AtomicUsize::new(workers));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = items.lock().unwrap().next();
                    let Some((place, item)) = next else { break };
                    match panic::catch_unwind(AssertUnwindSafe(|| function(item))) {
                        Ok(result) => results.lock().unwrap()[place] = Some(result),
                        Err(payload) => {
                            items.lock().unwrap().by_ref().for_each(drop);
                            *panicked.lock().unwrap() = Some(payload);
                        }
                    }
                }
                if running.fetch_sub(1, SeqCst) == 1 {
                    caller.unpark();
                }
            });
        }
        thread::park();
        if let Some(payload) = panicked.lock().unwrap().take() {
            panic::resume_unwind(payload);
        }
        results.lock().unwrap().iter_mut().filter_map(Option::take).collect()
    })
}
