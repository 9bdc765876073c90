//! Takes the newest item.
//! Refused: B gets 2, and A put 1 before it,

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
        let mut items = self.items.lock().unwrap();
        while items.len() == self.capacity {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_empty.notify_one();
    }

    /// Takes the item at the front. Blocks while the queue is empty.
    pub fn get(&self) -> u32 {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        self.not_full.notify_one();
        items.pop_back().unwrap()
    }
}
