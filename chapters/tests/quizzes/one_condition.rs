//! Which thread wakes up if putting and getting threads wait for the same condition?

use std::sync::Arc;

use loom::thread;

use crate::model::{explore, fails};
use crate::threads::{Condition, Lock};

// ANCHOR: queue
/// A queue with room for one item. Each change wakes this number of threads.
struct Queue<const WAKES: usize> {
    place: Lock<Option<u32>>,
    changed: Condition,
}

impl<const WAKES: usize> Queue<WAKES> {
    fn put(&self, item: u32) {
        let mut place = self.changed.wait_for(self.place.acquire(), |place| place.is_none());
        *place = Some(item);
        drop(place);
        self.changed.notify(WAKES);
    }

    fn get(&self) -> Option<u32> {
        let mut place = self.changed.wait_for(self.place.acquire(), |place| place.is_some());
        let item = place.take();
        drop(place);
        self.changed.notify(WAKES);
        item
    }
}
// ANCHOR_END: queue

// ANCHOR: question
fn program<const WAKES: usize>() {
    let queue = Arc::new(Queue::<WAKES> { place: Lock::guarding(None), changed: Condition::new() });
    let getters = [(); 2].map(|()| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || queue.get())
    });
    queue.put(1);
    queue.put(2);
    for getter in getters {
        getter.join().unwrap();
    }
}
// ANCHOR_END: question

#[test]
fn one_that_is_woken_may_be_the_wrong_one() {
    fails("deadlock", || explore("one condition, one woken", 2, program::<1>));
}

#[test]
fn all_that_are_woken_are_enough() {
    explore("one condition, all woken", 2, program::<{ usize::MAX }>);
}
