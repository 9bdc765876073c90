use chapters::scheduler::sync::Barrier;
use chapters::scheduler::sync::atomic::{AtomicBool, Ordering::SeqCst};
use chapters::scheduler::thread;

pub fn main() {
    let (has_work, start) = (AtomicBool::new(false), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            has_work.store(true, SeqCst);
            start.wait();
        });
        scope.spawn(|| {
            if !has_work.load(SeqCst) {
                return;
            }
            start.wait();
        });
    });
}
