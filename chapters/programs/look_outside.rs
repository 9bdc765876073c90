use chapters::scheduler::sync::{Arc, Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let ready = Arc::new(Mutex::new(false));
    let changed = Arc::new(Condvar::new());
    let (is_ready, has_changed) = (Arc::clone(&ready), Arc::clone(&changed));
    let worker = thread::spawn(move || {
        if !*is_ready.lock().unwrap() {
            drop(has_changed.wait(is_ready.lock().unwrap()).unwrap());
        }
    });
    *ready.lock().unwrap() = true;
    changed.notify_one();
    worker.join().unwrap();
}
