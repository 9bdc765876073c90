use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let (checking, savings) = (Mutex::new(100), Mutex::new(100));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut checking = checking.lock().unwrap();
            let mut savings = savings.lock().unwrap();
            *checking -= 10;
            *savings += 10;
        });
        scope.spawn(|| {
            let checking = *checking.lock().unwrap();
            let savings = *savings.lock().unwrap();
            println!("total = {}", checking + savings);
        });
    });
}
