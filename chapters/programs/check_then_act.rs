use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let balance = Mutex::new(100);
    let has = |amount| *balance.lock().unwrap() >= amount;
    let withdraw = |amount| *balance.lock().unwrap() -= amount;
    thread::scope(|scope| {
        for amount in [80, 60] {
            scope.spawn(move || {
                if has(amount) {
                    withdraw(amount);
                }
            });
        }
    });
    println!("balance = {}", balance.into_inner().unwrap());
}
