use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::sync::mpsc::{Receiver, Sender, channel};
use chapters::scheduler::thread;

#[derive(Debug)]
enum Job {
    Outer(Sender<Job>),
    Inner(Sender<u32>),
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap().recv();
        match next {
            Ok(Job::Outer(pool)) => {
                let (result, inner) = channel();
                pool.send(Job::Inner(result)).unwrap();
                println!("outer: {}", inner.recv().unwrap());
            }
            Ok(Job::Inner(result)) => result.send(42).unwrap(),
            Err(_) => return,
        }
    }
}

pub fn main() {
    let (pool, jobs) = channel();
    let (inner_pool, inner_jobs) = channel();
    let (queue, inner_queue) = (Mutex::new(jobs), Mutex::new(inner_jobs));
    pool.send(Job::Outer(inner_pool.clone())).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| work(&queue));
        scope.spawn(|| work(&inner_queue));
        pool.send(Job::Outer(inner_pool)).unwrap();
        drop(pool);
    });
}
