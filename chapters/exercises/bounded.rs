//! Build a bounded queue from a mutex and two condition variables.
//!
//! - `put` adds an item at the back. While there are `capacity` items, it waits.
//! - `get` takes the item at the front. While the queue is empty, it waits.
//!
//! You may add fields and methods, but don't change the import.

use std::collections::VecDeque;

use chapters::scheduler::sync::{Condvar, Mutex};

/// A queue with room for a limited number of items.
pub struct Queue {
    items: Mutex<VecDeque<u32>>,
    capacity: usize,
    /// Notified when an item was added.
    not_empty: Condvar,
    /// Notified when an item was taken.
    not_full: Condvar,
}

impl Queue {
    /// Creates an empty queue with room for `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self { items: Mutex::default(), capacity, not_empty: Condvar::new(), not_full: Condvar::new() }
    }

    /// Adds an item at the back. Blocks while the queue is full.
    pub fn put(&self, item: u32) {
        _ = (item, self.capacity, &self.items, &self.not_empty, &self.not_full);
        todo!()
    }

    /// Takes the item at the front. Blocks while the queue is empty.
    pub fn get(&self) -> u32 {
        todo!()
    }
}
