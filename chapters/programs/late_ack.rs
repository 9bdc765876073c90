use chapters::scheduler::println;
use chapters::scheduler::sync::atomic::{AtomicU32, Ordering::SeqCst};
use chapters::scheduler::sync::mpsc::channel;
use chapters::scheduler::thread::scope;
use std::time::Duration;

const ACK_WAIT: Duration = Duration::from_secs(2);

pub fn main() {
    let completed = AtomicU32::new(0);
    let (ack, acks) = channel();
    let work = || {
        completed.fetch_add(1, SeqCst);
        ack.send(7).unwrap();
    };
    scope(|scope| {
        scope.spawn(work); // job 7 is delivered
        if acks.recv_timeout(ACK_WAIT).is_err() {
            scope.spawn(work); // and delivered again
        }
    });
    println!("completed {}", completed.load(SeqCst));
}
