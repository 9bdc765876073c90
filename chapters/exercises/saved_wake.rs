//! A bounded queue for coroutines. Now and then, a task waits forever.
//!
//! Fix it: no task may wait for an item while there's one for it, or for room while there is some. The queue keeps its
//! bound and its two conditions, and no task polls.

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
        let has_room = |items: &mut VecDeque<u32>| items.len() < self.maxsize;
        let mut items = self.not_full.wait_for(self.items.acquire().await, has_room).await;
        items.push_back(item);
        if items.len() == 1 {
            self.not_empty.notify(1);
        }
    }

    /// Waits until there is an item, and takes it.
    pub async fn get(&self) -> Option<u32> {
        let has_item = |items: &mut VecDeque<u32>| !items.is_empty();
        let mut items = self.not_empty.wait_for(self.items.acquire().await, has_item).await;
        let item = items.pop_front();
        if items.len() + 1 == self.maxsize {
            self.not_full.notify(1);
        }
        item
    }
}
