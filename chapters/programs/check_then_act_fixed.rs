use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let balance = Mutex::new(100);
    thread::scope(|scope| {
        for amount in [80, 60] {
            let balance = &balance;
            scope.spawn(move || {
                let mut balance = balance.lock().unwrap();
                if *balance >= amount {
                    *balance -= amount;
                }
            });
        }
    });
    println!("balance = {}", balance.into_inner().unwrap());
}
