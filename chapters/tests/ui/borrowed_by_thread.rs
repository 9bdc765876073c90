//! A thread borrows a list that it may outlive.

use std::thread;

fn main() {
    let jobs = vec![634, 1347, 1264];
    let worker = thread::spawn(|| jobs.iter().sum::<u64>());
    println!("{}", worker.join().unwrap());
}
