use chapters::scheduler::sync::mpsc::sync_channel;
use chapters::scheduler::thread;

pub fn main() {
    let (requests, requests_out) = sync_channel(1);
    let (replies, replies_out) = sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            for request in 1..=4 {
                requests.send(request).unwrap();
            }
            drop(requests);
            for _reply in replies_out {}
        });
        scope.spawn(move || {
            for request in requests_out {
                replies.send(request * 10).unwrap();
            }
        });
    });
}
