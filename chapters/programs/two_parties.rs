use chapters::scheduler::println;
use chapters::scheduler::sync::{Arc, Barrier};
use chapters::scheduler::thread;

pub fn main() {
    let barrier = Arc::new(Barrier::new(2));
    let theirs = Arc::clone(&barrier);
    let other = thread::spawn(move || party("b", &theirs));
    party("a", &barrier);
    other.join().unwrap();
}

fn party(name: &str, barrier: &Barrier) {
    println!("{name} comes");
    if barrier.wait().is_leader() {
        println!("{name} leads");
    } else {
        println!("{name} follows");
    }
}
