//! Polls for an item and for room.
//! Refused: polls instead of waiting

use std::collections::VecDeque;

use chapters::coroutines::{Condition, Lock};

/// A queue of at most `maxsize` items.
pub struct Bounded {
    items: Lock<VecDeque<u32>>,
    not_empty: Condition,
    not_full: Condition,
    maxsize: usize,
}

impl Bounded {
    pub fn new(maxsize: usize) -> Self {
        Self {
            items: Lock::guarding(VecDeque::new()),
            not_empty: Condition::new(),
            not_full: Condition::new(),
            maxsize,
        }
    }

    /// Waits until there is room, and puts an item.
    pub async fn put(&self, item: u32) {
        loop {
            let mut items = self.items.acquire().await;
            if items.len() < self.maxsize {
                return items.push_back(item);
            }
            drop(items);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until there is an item, and takes it.
    pub async fn get(&self) -> Option<u32> {
        loop {
            let item = self.items.acquire().await.pop_front();
            if item.is_some() {
                return item;
            }
            tokio::task::yield_now().await;
        }
    }
}
