use super::*;
use crate::threads::SimpleQueue;

#[test]
fn items_pass_in_order() {
    explore("simple queue: 2 items", 3, || {
        let queue = Arc::new(SimpleQueue::new());
        let getter = start(&queue, |queue| (queue.get(), queue.get()));
        queue.put(1);
        queue.put(2);
        assert_eq!(getter.join().unwrap(), (1, 2));
    });
}

#[test]
fn a_timeout_loses_nothing() {
    explore_outcomes("simple queue: a timeout", 3, &[false, true], move || {
        let queue = Arc::new(SimpleQueue::new());
        let getter = start(&queue, |queue: &SimpleQueue<u32>| queue.get_timeout(LONG));
        let clock = thread::spawn(time_passes);
        queue.put(1);
        let got = getter.join().unwrap();
        clock.join().unwrap();
        let outcome = got.is_some();
        assert_eq!(got.xor(queue.try_get()), Some(1));
        outcome
    });
}
