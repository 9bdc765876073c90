//! Two threads add up numbers. A task with many numbers hands half to the pool and waits for the sum. Soon, both wait.
//!
//! Make it end, with the same two threads, and with the halves still handed to the pool.

use std::thread;

use crossbeam::channel::{self, Receiver, Sender};

/// Numbers to add up, the sender for the sum, and the pool's queue.
pub struct Task {
    pub numbers: Vec<u64>,
    pub sum: Sender<u64>,
    pub pool: Sender<Task>,
}

/// A task with at most this many numbers isn't split.
const FEW: usize = 10;

pub fn sum(numbers: Vec<u64>) -> u64 {
    let (pool, queue) = channel::unbounded();
    let (sum, end) = channel::bounded(1);
    pool.send(Task { numbers, sum, pool: pool.clone() }).unwrap();
    drop(pool);
    let work = || queue.iter().for_each(|task| perform(task, &queue));
    thread::scope(|scope| _ = [scope.spawn(work), scope.spawn(work)]);
    end.recv().unwrap()
}

/// Adds up the numbers of a task. Other tasks are on the queue.
pub fn perform(task: Task, _queue: &Receiver<Task>) {
    let Task { mut numbers, sum, pool } = task;
    let mut total = 0;
    while numbers.len() > FEW {
        let half = numbers.split_off(numbers.len() / 2);
        let (answer, answered) = channel::bounded(1);
        pool.send(Task { numbers: half, sum: answer, pool: pool.clone() }).unwrap();
        total += answered.recv().unwrap();
    }
    sum.send(total + numbers.iter().sum::<u64>()).unwrap();
}
