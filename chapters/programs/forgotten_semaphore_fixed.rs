use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let (permits, released) = (Mutex::new(1), Condvar::new());
    let acquire = || *released.wait_while(permits.lock().unwrap(), |permits| *permits == 0).unwrap() -= 1;
    let release = || {
        *permits.lock().unwrap() += 1;
        released.notify_one();
    };
    let stock = Mutex::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            acquire();
            *stock.lock().unwrap() += 1;
            release();
        });
        scope.spawn(|| {
            acquire();
            if *stock.lock().unwrap() > 0 {
                *stock.lock().unwrap() -= 1;
            }
            release();
        });
    });
}
