use chapters::scheduler::sync::{Arc, Condvar, Mutex};
use chapters::scheduler::thread;

/// A queue with room for one item.
struct Queue {
    place: Mutex<Option<u32>>,
    changed: Condvar,
}

impl Queue {
    fn put(&self, item: u32) {
        let place = self.place.lock().unwrap();
        let mut place = self.changed.wait_while(place, |place| place.is_some()).unwrap();
        *place = Some(item);
        self.changed.notify_one();
    }

    fn get(&self) -> Option<u32> {
        let place = self.place.lock().unwrap();
        let mut place = self.changed.wait_while(place, |place| place.is_none()).unwrap();
        let item = place.take();
        self.changed.notify_one();
        item
    }
}

pub fn main() {
    let queue = Arc::new(Queue { place: Mutex::new(None), changed: Condvar::new() });
    let consumers = [(); 2].map(|()| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || queue.get())
    });
    queue.put(1);
    queue.put(2);
    for consumer in consumers {
        consumer.join().unwrap();
    }
}
