use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::sync::atomic::AtomicUsize;
use chapters::scheduler::sync::atomic::Ordering::SeqCst;
use chapters::scheduler::thread;

pub fn main() {
    let left = Arc::new(AtomicUsize::new(2));
    let theirs = Arc::clone(&left);
    let worker = thread::spawn(move || finish(&theirs));
    finish(&left);
    worker.join().unwrap();
}

/// Reports a finished job, which was the last one if none is left.
fn finish(left: &AtomicUsize) {
    left.fetch_sub(1, SeqCst);
    if left.load(SeqCst) == 0 {
        println!("the last one");
    }
}
