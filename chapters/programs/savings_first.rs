use chapters::scheduler::println;
use chapters::scheduler::sync::{Arc, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let accounts = Arc::new((Mutex::new(100), Mutex::new(100)));
    let theirs = Arc::clone(&accounts);
    let customer = thread::spawn(move || {
        let mut checking = theirs.0.lock().unwrap();
        let mut savings = theirs.1.lock().unwrap();
        *checking -= 10;
        *savings += 10;
    });
    let savings = *accounts.1.lock().unwrap();
    let checking = *accounts.0.lock().unwrap();
    println!("{}", checking + savings);
    customer.join().unwrap();
}
