use chapters::scheduler::println;
use chapters::scheduler::sync::{Arc, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let done = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&done);
    let worker = thread::spawn(move || *theirs.lock().unwrap() += 1);
    let mut ours = done.lock().unwrap();
    *ours += 1;
    worker.join().unwrap();
    println!("{} done", *ours);
}
