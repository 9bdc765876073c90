use chapters::scheduler::println;
use chapters::scheduler::sync::{Arc, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let x = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&x);
    let other = thread::spawn(move || add_twice(&shared));
    add_twice(&x);
    other.join().unwrap();
    println!("{}", *x.lock().unwrap());
}

fn add_twice(x: &Mutex<u32>) {
    for _ in 0..2 {
        let old = *x.lock().unwrap();
        *x.lock().unwrap() = old + 1;
    }
}
