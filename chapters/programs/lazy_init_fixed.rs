use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use chapters::scheduler::sync::atomic::{AtomicBool, AtomicU32};
use chapters::scheduler::thread;

pub fn main() {
    let (price, is_set, mutex) = (AtomicU32::new(0), AtomicBool::new(false), Mutex::new(()));
    let get_price = || {
        if !is_set.load(Acquire) {
            let _guard = mutex.lock().unwrap();
            if !is_set.load(Relaxed) {
                price.store(42, Relaxed);
                is_set.store(true, Release);
            }
        }
        price.load(Relaxed)
    };
    thread::scope(|scope| {
        let (a, b) = (scope.spawn(get_price), scope.spawn(get_price));
        println!("{} and {}", a.join().unwrap(), b.join().unwrap());
    });
}
