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
    let queue = Mutex::new(jobs);
    pool.send(Job::Outer(pool.clone())).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| work(&queue));
        scope.spawn(|| work(&queue));
        pool.send(Job::Outer(pool.clone())).unwrap();
        drop(pool);
    });
}
