use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::SeqCst};
use chapters::scheduler::thread;

pub fn main() {
    let seats = Arc::new(AtomicU32::new(2));
    let theirs = Arc::clone(&seats);
    let other = thread::spawn(move || book(&theirs));
    book(&seats);
    other.join().unwrap();
}

fn book(seats: &AtomicU32) {
    let left = seats.fetch_sub(1, SeqCst) - 1;
    println!("{left} left");
}
