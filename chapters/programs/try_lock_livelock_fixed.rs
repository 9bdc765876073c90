use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

fn lock_both(first: &Mutex<u32>, second: &Mutex<u32>) -> bool {
    for _attempt in 0..3 {
        let _first = first.lock().unwrap();
        if let Ok(_second) = second.try_lock() {
            return true;
        }
    }
    false
}

pub fn main() {
    let (left, right) = (Mutex::new(10), Mutex::new(20));
    thread::scope(|scope| {
        let a = scope.spawn(|| lock_both(&left, &right));
        let b = scope.spawn(|| lock_both(&left, &right));
        println!("A: {}, B: {}", a.join().unwrap(), b.join().unwrap());
    });
}
