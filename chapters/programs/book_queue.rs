use crate::threads::Queue;
use chapters::scheduler::thread;

pub fn main() {
    let queue = Queue::<u32>::new(1);
    thread::scope(|scope| {
        scope.spawn(|| queue.put(42).unwrap());
        scope.spawn(|| assert_eq!(queue.get(), Ok(42)));
    });
}
