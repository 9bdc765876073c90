//! The lock of the example `park_lock`.

use super::*;

#[path = "../../examples/park_lock/lock.rs"]
mod lock;

mod parts {
    use std::collections::VecDeque;

    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::thread::{self, Thread};

    /// The part of a concurrent queue that the lock uses.
    pub struct Waiters<T>(loom::sync::Mutex<VecDeque<T>>);

    impl<T> Default for Waiters<T> {
        fn default() -> Self {
            Self(loom::sync::Mutex::new(VecDeque::new()))
        }
    }

    impl<T> Waiters<T> {
        pub fn push(&self, value: T) {
            self.0.lock().unwrap().push_back(value);
        }

        pub fn pop(&self) -> Option<T> {
            self.0.lock().unwrap().pop_front()
        }
    }
}

/// A total that the lock protects, and that loom watches for data races.
struct Total {
    lock: lock::ParkLock,
    value: sync::UnsafeCell<u32>,
}

// SAFETY: Each access to the value happens with the lock held. If the lock let two threads in, loom would report it.
unsafe impl Sync for Total {}

impl Total {
    fn add_one(&self) {
        self.lock.lock();
        // SAFETY: The lock is held.
        unsafe { *self.value.get() += 1 };
        self.lock.unlock();
    }
}

/// Two threads exclude each other, both get through, and the second one sees what the first one wrote.
#[test]
fn two_threads_hold_it_in_turn() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = model::preemptions(None, 3);
    builder.check(|| {
        let total = Arc::new(Total { lock: lock::ParkLock::default(), value: sync::UnsafeCell::new(0) });
        let other = start(&total, Total::add_one);
        total.add_one();
        other.join().unwrap();
        // SAFETY: The other thread has ended.
        assert_eq!(unsafe { *total.value.get() }, 2);
    });
}
