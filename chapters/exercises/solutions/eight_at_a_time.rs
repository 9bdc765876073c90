//! A pool: eight threads, and a queue from which each takes the next request. A panic is kept until all are answered.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam::channel;

// ANCHOR: solution
/// Answers all requests, and returns when that is done.
pub fn answer_all(requests: Vec<u64>, answer: impl Fn(u64) + Sync) {
    let (sender, queue) = channel::unbounded();
    requests.into_iter().for_each(|request| sender.send(request).expect("the queue is here"));
    drop(sender);
    let try_to_answer = |request| panic::catch_unwind(AssertUnwindSafe(|| answer(request)));
    let work = || queue.iter().map(try_to_answer).fold(Ok(()), Result::and);
    let ends = thread::scope(|scope| [(); 8].map(|()| scope.spawn(work)).map(|worker| worker.join().flatten()));
    if let Err(payload) = ends.into_iter().collect::<Result<(), _>>() {
        panic::resume_unwind(payload);
    }
}
// ANCHOR_END: solution
