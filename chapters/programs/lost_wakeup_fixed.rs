use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = ready.lock().unwrap();
            while !*guard {
                guard = changed.wait(guard).unwrap();
            }
        });
        scope.spawn(|| {
            *ready.lock().unwrap() = true;
            changed.notify_one();
        });
    });
}
