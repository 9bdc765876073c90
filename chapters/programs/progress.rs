use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::Relaxed};
use chapters::scheduler::thread;

pub fn main() {
    let progress = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&progress);
    let writer = thread::spawn(move || {
        shared.store(1, Relaxed);
        shared.store(2, Relaxed);
    });
    let first = progress.load(Relaxed);
    let second = progress.load(Relaxed);
    println!("{first} {second}");
    writer.join().unwrap();
}
