use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use super::*;
use crate::storage::Storage;

/// A storage that panics before it stores certain items.
#[derive(Default)]
pub(crate) struct Fussy(Vec<i32>);

impl Fussy {
    pub(crate) const REFUSED: i32 = 13;
}

impl Storage<i32> for Fussy {
    fn put(&mut self, item: i32) {
        if item == Self::REFUSED {
            panic::resume_unwind(Box::new("refused"));
        }
        self.0.push(item);
    }

    fn get(&mut self) -> Option<i32> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// An item that panics when it is compared. A heap has stored it by then.
#[derive(PartialEq, Eq)]
pub(crate) struct Incomparable(pub(crate) i32);

impl PartialOrd for Incomparable {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Incomparable {
    fn cmp(&self, _other: &Self) -> std::cmp::Ordering {
        panic::resume_unwind(Box::new("incomparable"))
    }
}

/// The tests that the queues of threads and of coroutines share.
macro_rules! tests_of_items {
    () => {
        #[test]
        fn items_need_not_be_sync() {
            fn is_shared<T: Send + Sync>() {}
            is_shared::<Queue<std::cell::Cell<i32>>>();
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
            assert!(queue.try_put(Curious(Arc::clone(&queue))).is_ok());
            queue.shutdown(true);
            assert!(queue.is_empty());
        }

        #[test]
        fn an_item_that_the_storage_refuses_is_not_counted() {
            let queue: Queue<i32, Fussy> = Queue::new(0);
            assert!(panic::catch_unwind(AssertUnwindSafe(|| queue.try_put(Fussy::REFUSED))).is_err());
            assert_eq!((queue.len(), queue.unfinished_tasks()), (0, 0));
        }
    };
}
pub(crate) use tests_of_items;

tests_of_items!();

#[test]
fn an_item_that_the_storage_keeps_despite_a_panic_is_counted() {
    let queue = PriorityQueue::new(0);
    queue.put(Incomparable(1)).unwrap();
    assert!(panic::catch_unwind(AssertUnwindSafe(|| queue.put(Incomparable(2)))).is_err());
    assert_eq!((queue.len(), queue.unfinished_tasks()), (2, 2));
}
