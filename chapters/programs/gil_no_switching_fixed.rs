use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::{println, thread};

pub fn main() {
    let (gil, changed) = (Mutex::new(Gil { held: false, requested: false }), Condvar::new());
    let take_gil = || {
        let mut gil = gil.lock().unwrap();
        while gil.held {
            gil.requested = true;
            gil = changed.wait(gil).unwrap();
        }
        *gil = Gil { held: true, requested: false };
        changed.notify_all();
    };
    let drop_gil = || {
        gil.lock().unwrap().held = false;
        changed.notify_all();
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            take_gil();
            println!("A runs");
            if gil.lock().unwrap().requested {
                drop_gil();
                drop(changed.wait_while(gil.lock().unwrap(), |gil| gil.requested).unwrap());
                take_gil();
                println!("A runs again");
            }
            drop_gil();
        });
        scope.spawn(|| {
            take_gil();
            println!("B runs");
            drop_gil();
        });
    });
}

#[derive(Debug)]
struct Gil {
    held: bool,
    requested: bool,
}
