//! A payment that gives up if the account stays locked: `cargo run --example lock_timeout`.

use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

// ANCHOR: pay
fn pay(balance: &Mutex<u32>, amount: u32) -> Result<(), &'static str> {
    let timeout = Duration::from_millis(100);
    let mut balance = balance.try_lock_for(timeout).ok_or("the account is busy")?;
    *balance += amount;
    Ok(())
}
// ANCHOR_END: pay

fn main() {
    chapters::environment::prepare_example();
    let balance = Mutex::new(100);
    println!("{:?}, the balance is {}", pay(&balance, 10), balance.lock());
    let _guard = balance.lock();
    let late = thread::scope(|scope| scope.spawn(|| pay(&balance, 20)).join().expect("paying doesn't panic"));
    println!("{late:?}");
}
