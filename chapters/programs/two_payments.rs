use chapters::scheduler::println;
use chapters::scheduler::sync::{Arc, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let balance = Arc::new(Mutex::new(100));
    let shared = Arc::clone(&balance);
    let other = thread::spawn(move || pay_in(&shared, 10));
    pay_in(&balance, 20);
    other.join().unwrap();
    println!("{}", *balance.lock().unwrap());
}

fn pay_in(balance: &Mutex<u32>, cents: u32) {
    let before = *balance.lock().unwrap();
    *balance.lock().unwrap() = before + cents;
}
