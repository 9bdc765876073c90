use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use super::*;
use crate::threads::tests::queue::{Fussy, Incomparable};

#[test]
fn items_need_not_be_sync() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Queue<std::cell::Cell<i32>>>();
}

#[test]
fn items_that_a_shutdown_drops_may_use_the_queue() {
    struct Curious<'a>(&'a OnceLock<Queue<Curious<'a>>>);
    impl Drop for Curious<'_> {
        fn drop(&mut self) {
            assert!(self.0.get().unwrap().is_empty());
        }
    }
    let place: &OnceLock<_> = Box::leak(Box::default());
    let queue: &Queue<_> = place.get_or_init(|| Queue::new(0));
    assert!(queue.try_put(Curious(place)).is_ok());
    queue.shutdown(true);
    assert!(queue.is_empty());
}

#[test]
fn an_item_that_the_storage_refuses_is_not_counted() {
    on_both_runtimes(async || {
        let queue: Queue<i32, Fussy> = Queue::new(0);
        assert!(panic::catch_unwind(AssertUnwindSafe(|| queue.try_put(Fussy::REFUSED))).is_err());
        assert_eq!((queue.len(), queue.unfinished_tasks()), (0, 0));
        queue.join().await;
    });
}

#[test]
fn an_item_that_the_storage_keeps_despite_a_panic_is_counted_and_wakes_a_getter() {
    on_both_runtimes(async || {
        let queue = PriorityQueue::new(0);
        queue.try_put(Incomparable(1)).unwrap();
        queue.try_get().unwrap();
        queue.task_done().unwrap();
        let mut getters = [(); 2].map(|()| Box::pin(queue.get()));
        assert!(getters.iter_mut().all(|getter| poll(getter.as_mut()).is_pending()));
        queue.try_put(Incomparable(1)).unwrap();
        assert!(panic::catch_unwind(AssertUnwindSafe(|| queue.try_put(Incomparable(2)))).is_err());
        assert_eq!((queue.len(), queue.unfinished_tasks()), (2, 2));
        assert!(poll(getters[1].as_mut()).is_ready(), "the second getter was notified");
    });
}
