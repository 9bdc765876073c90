use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let forks = [Mutex::new(()), Mutex::new(()), Mutex::new(())];
    thread::scope(|scope| {
        for philosopher in 0..3 {
            let (left, right) = (&forks[philosopher], &forks[(philosopher + 1) % 3]);
            scope.spawn(move || {
                let _left = left.lock().unwrap();
                let _right = right.lock().unwrap();
            });
        }
    });
}
