use crate::threads::Queue;
use chapters::scheduler::println;
use chapters::scheduler::sync::Arc;
use chapters::scheduler::thread;

pub fn main() {
    let queue: Arc<Queue<&str>> = Arc::new(Queue::new(0));
    let jobs = Arc::clone(&queue);
    let producer = thread::spawn(move || match jobs.put("a job") {
        Ok(()) => println!("put it"),
        Err(error) => println!("kept {}", error.into_item()),
    });
    queue.shutdown(false);
    while let Ok(job) = queue.get() {
        println!("got {job}");
    }
    producer.join().unwrap();
}
