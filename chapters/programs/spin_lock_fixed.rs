use chapters::scheduler::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use chapters::scheduler::sync::atomic::{AtomicBool, AtomicU32};
use chapters::scheduler::{hint, println, thread};

pub fn main() {
    let (locked, total) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while locked.swap(true, Acquire) {
                    hint::spin_loop();
                }
                let seen = total.load(Relaxed);
                total.store(seen + 1, Relaxed);
                locked.store(false, Release);
            });
        }
    });
    println!("total = {}", total.into_inner());
}
