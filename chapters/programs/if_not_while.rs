use chapters::scheduler::sync::{Condvar, Mutex};
use chapters::scheduler::thread;

pub fn main() {
    let (jobs, added) = (Mutex::new(vec![]), Condvar::new());
    thread::scope(|scope| {
        for _worker in 0..2 {
            scope.spawn(|| {
                let mut jobs = jobs.lock().unwrap();
                if jobs.is_empty() {
                    jobs = added.wait(jobs).unwrap();
                }
                jobs.pop().expect("there should be a job");
            });
        }
        scope.spawn(|| {
            for job in [1, 2] {
                jobs.lock().unwrap().push(job);
                added.notify_one();
            }
        });
    });
}
