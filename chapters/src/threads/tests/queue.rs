use std::sync::Arc;

use super::*;
use crate::errors::{GetError, PutError, TooMany};

#[test]
fn every_item_comes_out_once_and_in_order_of_each_putter() {
    const ITEMS: u64 = 5000;
    for maxsize in [0, 1, 3] {
        let queue: Queue<(u64, u64)> = Queue::new(maxsize);
        let taken: Vec<Vec<(u64, u64)>> = thread::scope(|scope| {
            let getter = || {
                let mut mine = Vec::new();
                while let Ok(item) = queue.get_timeout(LONG) {
                    mine.push(item);
                    queue.task_done().unwrap();
                }
                mine
            };
            let getters: Vec<_> = (0..2).map(|_| scope.spawn(getter)).collect();
            let putters = [0, 1].map(|putter| {
                let queue = &queue;
                scope.spawn(move || (0..ITEMS).for_each(|n| queue.put_timeout((putter, n), LONG).unwrap()))
            });
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            queue.join();
            assert!(queue.is_empty());
            queue.shutdown(false);
            getters.into_iter().map(|getter| getter.join().unwrap()).collect()
        });
        for putter in [0, 1] {
            let of_putter = |mine: &Vec<_>| mine.iter().copied().filter(|item: &(u64, _)| item.0 == putter).collect();
            let parts: Vec<Vec<(u64, u64)>> = taken.iter().map(of_putter).collect();
            assert!(parts.iter().all(|part| part.is_sorted()));
            let mut all = parts.concat();
            all.sort();
            assert_eq!(all, (0..ITEMS).map(|n| (putter, n)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_can_be_sent_can_be_queued() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Queue<std::cell::Cell<i32>>>();
}

#[test]
fn the_three_orders() {
    let (first, last, least) = (Queue::<_>::new(0), LifoQueue::new(0), PriorityQueue::new(0));
    for item in [2, 3, 1] {
        first.put(item).unwrap();
        last.put(item).unwrap();
        least.put(item).unwrap();
    }
    let take = |get: &dyn Fn() -> Result<i32, GetError>| [(); 3].map(|()| get().unwrap());
    assert_eq!(take(&|| first.get()), [2, 3, 1]);
    assert_eq!(take(&|| last.get()), [1, 3, 2]);
    assert_eq!(take(&|| least.get()), [1, 2, 3]);
}

#[test]
fn room_is_tested_before_time() {
    let queue: Queue<_> = Queue::new(1);
    assert_eq!(queue.put_timeout(1, Duration::ZERO), Ok(()));
    assert_eq!(queue.put_timeout(2, Duration::ZERO), Err(PutError::Full(2)));
    assert_eq!(queue.put_timeout(2, SHORT), Err(PutError::Full(2)));
    assert_eq!(queue.get_timeout(Duration::ZERO), Ok(1));
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
    assert_eq!(queue.get_timeout(SHORT), Err(GetError::Empty));
}

#[test]
fn a_shutdown_ends_every_wait() {
    for immediate in [false, true] {
        let (full, empty): (Queue<_>, Queue<u32>) = (Queue::new(1), Queue::new(0));
        full.put(1).unwrap();
        thread::scope(|scope| {
            let putter = scope.spawn(|| full.put_timeout(2, LONG));
            let getter = scope.spawn(|| empty.get_timeout(LONG));
            until(|| full.not_full.num_waiters() == 1 && empty.not_empty.num_waiters() == 1);
            full.shutdown(immediate);
            empty.shutdown(immediate);
            assert_eq!(putter.join().unwrap(), Err(PutError::ShutDown(2)));
            assert_eq!(getter.join().unwrap(), Err(GetError::ShutDown));
        });
        assert_eq!(full.try_get(), if immediate { Err(GetError::ShutDown) } else { Ok(1) });
        assert_eq!(full.get(), Err(GetError::ShutDown));
    }
}

#[test]
fn join_waits_for_what_was_taken_and_an_immediate_shutdown_does_the_rest() {
    let queue: Queue<_> = Queue::new(0);
    queue.join();
    (0..3).for_each(|item| queue.put(item).unwrap());
    queue.get().unwrap();
    thread::scope(|scope| {
        let joiner = scope.spawn(|| queue.join());
        queue.shutdown(true);
        until(|| queue.all_done.num_waiters() == 1);
        assert!(!joiner.is_finished());
        queue.task_done().unwrap();
        joiner.join().unwrap();
    });
    assert_eq!(queue.task_done(), Err(TooMany));
}

#[test]
fn items_that_a_shutdown_drops_may_use_the_queue() {
    struct Curious(Arc<Queue<Curious>>);
    impl Drop for Curious {
        fn drop(&mut self) {
            assert!(self.0.is_empty());
        }
    }
    let queue = Arc::new(Queue::new(0));
    assert!(queue.put(Curious(Arc::clone(&queue))).is_ok());
    queue.shutdown(true);
    queue.join();
}
