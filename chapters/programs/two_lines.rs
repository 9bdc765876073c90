use chapters::scheduler::println;
use chapters::scheduler::thread;

pub fn main() {
    let worker = thread::spawn(|| println!("worker"));
    println!("main");
    worker.join().unwrap();
    println!("end");
}
