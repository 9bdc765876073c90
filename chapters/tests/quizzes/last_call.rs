//! Is a job processed if it is put while the queue is shut down?

use std::sync::Arc;

use loom::thread;

use crate::threads::Queue;

// ANCHOR: question
fn program() {
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
// ANCHOR_END: question

#[test]
fn the_job_is_kept_or_got() {
    crate::can_print(include_str!("last_call.txt"), program);
}
