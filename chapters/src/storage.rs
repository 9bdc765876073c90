//! The order in which a queue returns its items.
//!
//! Python has three classes of queues, `Queue`, `LifoQueue` and `PriorityQueue`, which override the methods `_init`,
//! `_put` and `_get`. Here, one type of queue has a parameter, its [`Storage`]. The queues of
//! [threads](crate::threads::Queue) and [coroutines](crate::coroutines::Queue) share it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A collection that stores the items of a queue.
///
/// The queue calls these methods with its lock held, so they must not use the queue. If [`put`](Storage::put) panics,
/// the queue counts the item only if `len` has grown.
///
/// # Examples
///
/// A queue that holds at most one item of each value:
///
/// ```
/// use std::collections::BTreeSet;
///
/// use chapters::storage::Storage;
/// use chapters::threads::Queue;
///
/// #[derive(Default)]
/// struct Distinct(BTreeSet<u32>);
///
/// impl Storage<u32> for Distinct {
///     fn put(&mut self, item: u32) {
///         self.0.insert(item);
///     }
///
///     fn get(&mut self) -> Option<u32> {
///         self.0.pop_first()
///     }
///
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let queue: Queue<u32, Distinct> = Queue::new(0);
/// for item in [2, 1, 2] {
///     queue.put(item).unwrap();
/// }
/// assert_eq!((queue.get(), queue.get(), queue.len()), (Ok(1), Ok(2), 0));
/// ```
pub trait Storage<T>: Default {
    /// Adds an item.
    fn put(&mut self, item: T);

    /// Removes the next item and returns it, or returns `None` if the storage is empty.
    fn get(&mut self) -> Option<T>;

    /// Returns how many items there are.
    fn len(&self) -> usize;

    /// Returns whether the storage is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// First in, first out.
impl<T> Storage<T> for VecDeque<T> {
    fn put(&mut self, item: T) {
        self.push_back(item);
    }

    fn get(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// Last in, first out.
impl<T> Storage<T> for Vec<T> {
    fn put(&mut self, item: T) {
        self.push(item);
    }

    fn get(&mut self) -> Option<T> {
        self.pop()
    }

    fn len(&self) -> usize {
        self.len()
    }
}

/// The smallest item first.
impl<T: Ord> Storage<T> for BinaryHeap<Reverse<T>> {
    fn put(&mut self, item: T) {
        self.push(Reverse(item));
    }

    fn get(&mut self) -> Option<T> {
        self.pop().map(|Reverse(item)| item)
    }

    fn len(&self) -> usize {
        self.len()
    }
}
