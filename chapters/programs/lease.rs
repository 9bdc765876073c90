use chapters::scheduler::println;
use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::SeqCst};
use chapters::scheduler::thread::{scope, sleep};
use std::time::Duration;

const TERM: Duration = Duration::from_secs(10);

pub fn main() {
    let holder = AtomicU32::new(1); // of the lease
    let total = AtomicU32::new(0); // on another machine
    let add = |worker, amount| {
        let before = total.load(SeqCst);
        if holder.load(SeqCst) == worker {
            total.store(before + amount, SeqCst);
        }
    };
    scope(|scope| {
        scope.spawn(|| add(1, 10));
        sleep(TERM); // then the lease of worker 1 has expired
        holder.store(2, SeqCst);
        scope.spawn(|| add(2, 1));
    });
    println!("total = {}", total.load(SeqCst));
}
