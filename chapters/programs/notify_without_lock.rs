use chapters::scheduler::sync::atomic::{AtomicBool, Ordering::SeqCst};
use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let (ready, mutex, changed) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = mutex.lock().unwrap();
            while !ready.load(SeqCst) {
                guard = changed.wait(guard).unwrap();
            }
        });
        scope.spawn(|| {
            ready.store(true, SeqCst);
            changed.notify_one();
        });
    });
}
