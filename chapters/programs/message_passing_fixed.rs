use chapters::scheduler::println;
use chapters::scheduler::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use chapters::scheduler::sync::atomic::{AtomicBool, AtomicU32};
use chapters::scheduler::thread;

pub fn main() {
    let (data, ready) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            ready.store(true, Release);
        });
        scope.spawn(|| {
            if ready.load(Acquire) {
                println!("data = {}", data.load(Relaxed));
            }
        });
    });
}
