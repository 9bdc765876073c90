use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let (left, right) = (Mutex::new(10), Mutex::new(20));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut from = left.lock().unwrap();
            let mut to = right.lock().unwrap();
            *from -= 1;
            *to += 1;
        });
        scope.spawn(|| {
            let mut from = right.lock().unwrap();
            let mut to = left.lock().unwrap();
            *from -= 5;
            *to += 5;
        });
    });
    println!("{} and {}", left.into_inner().unwrap(), right.into_inner().unwrap());
}
