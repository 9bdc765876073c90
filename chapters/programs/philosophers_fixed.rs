use chapters::scheduler::sync::Mutex;
use chapters::scheduler::thread;

pub fn main() {
    let forks = [Mutex::new(()), Mutex::new(()), Mutex::new(())];
    thread::scope(|scope| {
        for philosopher in 0..3 {
            let (left, right) = (philosopher, (philosopher + 1) % 3);
            let (first, second) = (&forks[left.min(right)], &forks[left.max(right)]);
            scope.spawn(move || {
                let _first = first.lock().unwrap();
                let _second = second.lock().unwrap();
            });
        }
    });
}
