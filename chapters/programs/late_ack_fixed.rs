use chapters::scheduler::println;
use chapters::scheduler::sync::Mutex;
use chapters::scheduler::sync::mpsc::channel;
use chapters::scheduler::thread::scope;
use std::collections::BTreeSet;
use std::time::Duration;

const ACK_WAIT: Duration = Duration::from_secs(2);

pub fn main() {
    let completed = Mutex::new(BTreeSet::new());
    let (ack, acks) = channel();
    let work = || {
        completed.lock().unwrap().insert(7);
        ack.send(7).unwrap();
    };
    scope(|scope| {
        scope.spawn(work); // job 7 is delivered
        if acks.recv_timeout(ACK_WAIT).is_err() {
            scope.spawn(work); // and delivered again
        }
    });
    println!("completed {}", completed.into_inner().unwrap().len());
}
