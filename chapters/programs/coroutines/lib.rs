//! The book's own primitives and queue for coroutines, compiled on the scheduler's tasks, so that the reader can step
//! through them. The sources are those of `chapters/src/coroutines`, unchanged.
//!
//! They import from `tokio`, which is this crate here, and from modules of `chapters` that this crate has under the
//! same names. It's a crate of its own because its `threads` is a different module from the one in the crate
//! `programs`.

extern crate self as tokio;

#[path = "../../src/coroutines/barrier.rs"]
pub mod barrier;
pub mod broken;
#[path = "../../src/coroutines/condition.rs"]
pub mod condition;
#[path = "../../src/errors.rs"]
pub mod errors;
#[path = "../../src/coroutines/event.rs"]
pub mod event;
#[path = "../../src/coroutines/lock.rs"]
pub mod lock;
#[path = "../../src/coroutines/queue.rs"]
pub mod queue;
#[path = "../../src/coroutines/rlock.rs"]
pub mod rlock;
#[path = "../../src/coroutines/semaphore.rs"]
pub mod semaphore;
pub mod threads;

pub use barrier::Barrier;
pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use queue::Queue;
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{Permit, Semaphore};

/// The counterpart of `tokio::sync`, and of `crate::sync`.
pub mod sync {
    use std::fmt;

    pub use chapters::scheduler::task::{Lock, MutexGuard, TryLockError};
    use chapters::scheduler::{task, thread};

    /// A mutex whose value is hidden, because it needn't implement `Debug`.
    pub struct Mutex<T>(task::Mutex<T>);

    impl<T> Mutex<T> {
        /// Creates an unlocked mutex.
        #[track_caller]
        pub fn new(value: T) -> Self {
            Self(task::Mutex::hiding(value))
        }

        /// Waits until the mutex is free, and locks it.
        pub fn lock(&self) -> Lock<'_, T> {
            self.0.lock()
        }

        /// Locks the mutex if it's free.
        ///
        /// # Errors
        ///
        /// When it isn't free.
        pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
            self.0.try_lock()
        }
    }

    impl<T: Default> Default for Mutex<T> {
        #[track_caller]
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    impl<T> fmt::Debug for Mutex<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    /// The number of the calling thread, which no other thread has, and which is never zero.
    pub fn this_thread() -> usize {
        thread::current().id().number() + 1
    }
}

/// The counterpart of `tokio::task`.
pub mod task {
    pub use chapters::scheduler::task::{Id, try_id};
}

/// The counterpart of `tokio::time`. A timeout expires when the reader chooses that.
pub mod time {
    use std::time::Duration;

    pub use std::time::Instant;

    pub use chapters::scheduler::task::{Elapsed, timeout};

    /// Drops a future that isn't done at the deadline.
    ///
    /// # Errors
    ///
    /// When the deadline has passed.
    pub async fn timeout_at<F: Future>(_deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
        timeout(Duration::ZERO, future).await
    }
}

/// How a queue stores its items, which are shown and so have to implement `Debug`.
pub mod storage {
    use std::cmp::Reverse;
    use std::collections::{BinaryHeap, VecDeque};
    use std::fmt::Debug;

    /// The counterpart of `chapters/src/storage.rs`.
    pub trait Storage<T>: Default + Debug {
        /// Adds an item.
        fn put(&mut self, item: T);

        /// Takes an item out.
        fn get(&mut self) -> Option<T>;

        /// The number of items.
        fn len(&self) -> usize;

        /// Whether it's empty.
        fn is_empty(&self) -> bool {
            self.len() == 0
        }
    }

    macro_rules! storage {
        ($($storage:ty, $bound:path, $put:ident($item:ident => $put_as:expr), $get:ident($out:pat => $taken:expr);)*) => {$(
            impl<T: Debug + $bound> Storage<T> for $storage {
                fn put(&mut self, $item: T) {
                    self.$put($put_as);
                }

                fn get(&mut self) -> Option<T> {
                    self.$get().map(|$out| $taken)
                }

                fn len(&self) -> usize {
                    self.len()
                }
            }
        )*};
    }

    storage! {
        VecDeque<T>, Sized, push_back(item => item), pop_front(item => item);
        Vec<T>, Sized, push(item => item), pop(item => item);
        BinaryHeap<Reverse<T>>, Ord, push(item => Reverse(item)), pop(Reverse(item) => item);
    }
}
