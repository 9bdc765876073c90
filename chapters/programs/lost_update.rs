use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let total = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let seen = *total.lock().unwrap();
                *total.lock().unwrap() = seen + 1;
            });
        }
    });
    println!("total = {}", total.into_inner().unwrap());
}
