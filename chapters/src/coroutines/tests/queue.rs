use std::sync::Arc;

use tokio::task;

use super::super::testing::{on_both_runtimes, until};
use super::*;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn every_item_comes_out_once_and_in_order_of_each_putter() {
    const ITEMS: u64 = 5000;
    async fn getter(queue: Arc<Queue<(u64, u64)>>) -> Vec<(u64, u64)> {
        let mut mine = Vec::new();
        while let Ok(item) = queue.get_timeout(LONG).await {
            mine.push(item);
            queue.task_done().unwrap();
        }
        mine
    }
    async fn putter(queue: Arc<Queue<(u64, u64)>>, putter: u64) {
        for n in 0..ITEMS {
            queue.put_timeout((putter, n), LONG).await.unwrap();
        }
    }
    async fn exchange(maxsize: usize) {
        let queue = Arc::new(Queue::new(maxsize));
        let getters: Vec<_> = (0..2).map(|_| task::spawn(getter(Arc::clone(&queue)))).collect();
        let putters = [0, 1].map(|number| task::spawn(putter(Arc::clone(&queue), number)));
        for putter in putters {
            putter.await.unwrap();
        }
        queue.join().await;
        assert!(queue.is_empty());
        queue.shutdown(false);
        let mut taken = Vec::new();
        for getter in getters {
            taken.push(getter.await.unwrap());
        }
        for putter in [0, 1] {
            let of_putter = |mine: &Vec<_>| mine.iter().copied().filter(|item: &(u64, _)| item.0 == putter).collect();
            let parts: Vec<Vec<(u64, u64)>> = taken.iter().map(of_putter).collect();
            assert!(parts.iter().all(|part| part.is_sorted()));
            let mut all = parts.concat();
            all.sort();
            assert_eq!(all, (0..ITEMS).map(|n| (putter, n)).collect::<Vec<_>>());
        }
    }
    for maxsize in [0, 1, 3] {
        on_both_runtimes(|| exchange(maxsize));
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
        first.try_put(item).unwrap();
        last.try_put(item).unwrap();
        least.try_put(item).unwrap();
    }
    let take = |get: &dyn Fn() -> Result<i32, GetError>| [(); 3].map(|()| get().unwrap());
    assert_eq!(take(&|| first.try_get()), [2, 3, 1]);
    assert_eq!(take(&|| last.try_get()), [1, 3, 2]);
    assert_eq!(take(&|| least.try_get()), [1, 2, 3]);
}

#[test]
fn room_is_tested_before_time() {
    on_both_runtimes(async || {
        let queue: Queue<_> = Queue::new(1);
        assert_eq!(queue.put_timeout(1, Duration::ZERO).await, Ok(()));
        assert_eq!(queue.put_timeout(2, Duration::ZERO).await, Err(PutError::Full(2)));
        assert_eq!(queue.put_timeout(2, SHORT).await, Err(PutError::Full(2)));
        assert_eq!(queue.get_timeout(Duration::ZERO).await, Ok(1));
        assert_eq!(queue.get_timeout(Duration::ZERO).await, Err(GetError::Empty));
        assert_eq!(queue.get_timeout(SHORT).await, Err(GetError::Empty));
    });
}

#[test]
fn a_shutdown_ends_every_wait() {
    async fn shut_down(immediate: bool) {
        let (full, empty): (Queue<_>, Queue<u32>) = (Queue::new(1), Queue::new(0));
        full.try_put(1).unwrap();
        let shutdown = async {
            full.shutdown(immediate);
            empty.shutdown(immediate);
        };
        let (put, got, ()) = tokio::join!(full.put_timeout(2, LONG), empty.get_timeout(LONG), shutdown);
        assert_eq!((put, got), (Err(PutError::ShutDown(2)), Err(GetError::ShutDown)));
        assert_eq!(full.try_get(), if immediate { Err(GetError::ShutDown) } else { Ok(1) });
        assert_eq!(full.get().await, Err(GetError::ShutDown));
    }
    for immediate in [false, true] {
        on_both_runtimes(|| shut_down(immediate));
    }
}

#[test]
fn join_waits_for_what_was_taken_and_an_immediate_shutdown_does_the_rest() {
    on_both_runtimes(async || {
        let queue: Arc<Queue<_>> = Arc::new(Queue::new(0));
        queue.join().await;
        (0..3).for_each(|item| queue.try_put(item).unwrap());
        queue.get().await.unwrap();
        let joined = Arc::clone(&queue);
        let joiner = task::spawn(async move { joined.join().await });
        queue.shutdown(true);
        until(|| queue.all_done.waiting() == 1).await;
        assert!(!joiner.is_finished());
        queue.task_done().unwrap();
        joiner.await.unwrap();
        assert_eq!(queue.task_done(), Err(TooMany));
    });
}

#[test]
fn items_that_a_shutdown_drops_may_use_the_queue() {
    struct Curious<'a>(&'a std::sync::OnceLock<Queue<Curious<'a>>>);
    impl Drop for Curious<'_> {
        fn drop(&mut self) {
            assert!(self.0.get().unwrap().is_empty());
        }
    }
    let place: &std::sync::OnceLock<_> = Box::leak(Box::default());
    let queue: &Queue<_> = place.get_or_init(|| Queue::new(0));
    assert!(queue.try_put(Curious(place)).is_ok());
    queue.shutdown(true);
    assert!(queue.is_empty());
}
