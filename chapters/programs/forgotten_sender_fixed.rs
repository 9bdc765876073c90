use chapters::scheduler::println;
use chapters::scheduler::sync::mpsc::channel;
use chapters::scheduler::thread;

pub fn main() {
    let (sender, receiver) = channel();
    for job in [1, 2] {
        let sender = sender.clone();
        thread::spawn(move || sender.send(job * 10).unwrap());
    }
    drop(sender);
    let total: i32 = receiver.iter().sum();
    println!("total = {total}");
}
