use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use chapters::scheduler::sync::atomic::{AtomicBool, AtomicU32};
use chapters::scheduler::thread;

pub fn main() {
    let data = Arc::new(AtomicU32::new(0));
    let written = Arc::new(AtomicBool::new(false));
    let passed_on = Arc::new(AtomicBool::new(false));
    let (source, is_written) = (Arc::clone(&data), Arc::clone(&written));
    let a = thread::spawn(move || {
        source.store(42, Relaxed);
        is_written.store(true, Release);
    });
    let is_passed_on = Arc::clone(&passed_on);
    let b = thread::spawn(move || {
        if written.load(Relaxed) {
            is_passed_on.store(true, Release);
        }
    });
    if passed_on.load(Acquire) {
        println!("{}", data.load(Relaxed));
    }
    a.join().unwrap();
    b.join().unwrap();
}
