//! In which order a queue gives its items back: what Python's `Queue`, `LifoQueue` and `PriorityQueue` differ in.
//!
//! The three are one class there, with three methods overridden. Here they are one type with three kinds of storage,
//! for threads and for coroutines.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Keeps the items of a queue.
pub trait Storage<T>: Default {
    /// Adds an item.
    fn put(&mut self, item: T);

    /// Takes the item whose turn it is, if there is one.
    fn get(&mut self) -> Option<T>;

    /// How many items there are.
    fn len(&self) -> usize;

    /// Whether there are none.
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

/// The smallest first.
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
