use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::sync::atomic::AtomicBool;
use chapters::scheduler::sync::atomic::Ordering::SeqCst;
use chapters::scheduler::thread;

pub fn main() {
    let canceled = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&canceled);
    let sibling = thread::spawn(move || {
        let mut done = 0;
        while done < 2 && !theirs.load(SeqCst) {
            done += 1; // does a part of its job
        }
        done
    });
    canceled.store(true, SeqCst); // our own job has failed
    println!("{} parts done", sibling.join().unwrap());
}
