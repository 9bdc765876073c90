use crate::threads::{Condition, Lock};
use chapters::scheduler::thread;

pub fn main() {
    let (ready, changed) = (Lock::guarding(false), Condition::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(changed.wait_for(ready.acquire(), |ready| *ready));
        });
        scope.spawn(|| {
            *ready.acquire() = true;
            changed.notify(1);
        });
    });
}
