use std::panic::{self, AssertUnwindSafe};

use super::*;
use crate::threads::tests::queue::{Fussy, Incomparable, tests_of_items};

tests_of_items!();

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
