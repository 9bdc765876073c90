use chapters::scheduler::println;
use chapters::scheduler::sync::atomic::AtomicU32;
use chapters::scheduler::sync::atomic::Ordering::{Acquire, Release};
use chapters::scheduler::thread;

pub fn main() {
    let (x, y) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        let a = scope.spawn(|| {
            x.store(1, Release);
            y.load(Acquire)
        });
        let b = scope.spawn(|| {
            y.store(1, Release);
            x.load(Acquire)
        });
        println!("A sees {}, B sees {}", a.join().unwrap(), b.join().unwrap());
    });
}
