use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !*ready.lock().unwrap() {
                let guard = ready.lock().unwrap();
                drop(changed.wait(guard).unwrap());
            }
        });
        scope.spawn(|| {
            *ready.lock().unwrap() = true;
            changed.notify_one();
        });
    });
}
