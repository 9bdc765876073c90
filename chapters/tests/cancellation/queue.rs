use std::sync::Arc;

use chapters::coroutines::{LifoQueue, PriorityQueue, Queue};
use chapters::errors::{GetError, PutError};

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, none_is_stuck, now, pause};

/// A queue with room for one item, and logs of the items that were put and taken.
struct Shared {
    queue: Queue<usize>,
    put: Notes<usize>,
    taken: Notes<usize>,
}

impl Shared {
    fn for_one() -> Arc<Self> {
        Arc::new(Self { queue: Queue::new(1), put: Notes::default(), taken: Notes::default() })
    }

    fn putters(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        stage.actors(count, self, |shared, item| async move {
            match shared.queue.put(item).await {
                Ok(()) => shared.put.add(item),
                Err(error) => assert_eq!(error, PutError::ShutDown(item)),
            }
        });
    }

    fn getters(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        stage.actors(count, self, |shared, _| async move {
            match shared.queue.get().await {
                Ok(item) => shared.taken.add(item),
                Err(error) => assert_eq!(error, GetError::ShutDown),
            }
        });
    }

    /// Takes the remaining items, and checks that the same items were put and taken.
    fn check_items(&self) {
        let mut got = self.taken.all();
        got.extend(std::iter::from_fn(|| self.queue.try_get().ok()));
        got.sort();
        let mut put = self.put.all();
        put.sort();
        assert_eq!(got, put, "the same items were put and taken");
    }

    /// Checks that no actor waits for room or for an item that is there.
    fn check_waiting(&self, putters: &[End], getters: &[End]) {
        assert!(self.queue.is_full() || none_is_stuck(putters), "an actor waits although there is room");
        assert!(self.queue.is_empty() || none_is_stuck(getters), "an actor waits although there is an item");
    }

    fn check_usable(&self) {
        assert_eq!(now(self.queue.put(7)), Some(Ok(())));
        assert_eq!(now(self.queue.get()), Some(Ok(7)));
    }
}

#[test]
fn put() {
    explore("Queue::put", TWO, |stage| {
        let shared = Shared::for_one();
        shared.putters(stage, 3);
        shared.getters(stage, 1);
        Box::new(move |ends| {
            shared.check_waiting(&ends[..3], &ends[3..]);
            shared.check_items();
            if none_is_stuck(ends) {
                shared.check_usable();
            }
        })
    });
}

#[test]
fn get() {
    explore("Queue::get", TWO, |stage| {
        let shared = Shared::for_one();
        shared.putters(stage, 2);
        shared.getters(stage, 2);
        Box::new(move |ends| {
            shared.check_waiting(&ends[..2], &ends[2..]);
            shared.check_items();
            if none_is_stuck(ends) {
                shared.check_usable();
            }
        })
    });
}

#[test]
fn put_timeout_and_get_timeout() {
    explore("Queue::put_timeout and get_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Shared::for_one();
        stage.actors(2, &shared, |shared, item| async move {
            match shared.queue.put_timeout(item, LONG).await {
                Ok(()) => shared.put.add(item),
                Err(error) => assert_eq!(error, PutError::Full(item)),
            }
        });
        stage.actors(2, &shared, |shared, _| async move {
            match shared.queue.get_timeout(LONG).await {
                Ok(item) => shared.taken.add(item),
                Err(error) => assert_eq!(error, GetError::Empty),
            }
        });
        Box::new(move |ends| {
            shared.check_waiting(&ends[..2], &ends[2..]);
            shared.check_items();
        })
    });
}

#[test]
fn join() {
    explore("Queue::join", TWO, |stage| {
        let shared = Shared::for_one();
        stage.steady(&shared, |boss| async move {
            for item in 0..2 {
                boss.queue.put(item).await.unwrap();
                boss.put.add(item);
            }
            boss.queue.join().await;
        });
        let joiner = Arc::clone(&shared);
        stage.actor(async move { joiner.queue.join().await });
        stage.actors(2, &shared, |shared, _| async move {
            shared.taken.add(shared.queue.get().await.unwrap());
            shared.queue.task_done().unwrap();
        });
        Box::new(move |ends| {
            let all_done = shared.taken.all().len() == shared.put.all().len();
            assert!(ends[1] != End::Stuck || !all_done, "an actor is in `join` although all tasks are done");
            assert!(ends[0] != End::Stuck || shared.taken.all().len() < 2);
            shared.check_items();
        })
    });
}

#[test]
fn put_and_get_while_it_is_shut_down() {
    explore("Queue::shutdown", TWO, |stage| {
        let shared = Shared::for_one();
        shared.putters(stage, 3);
        shared.getters(stage, 1);
        stage.steady(&shared, |other| async move {
            pause().await;
            other.queue.shutdown(false);
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            shared.check_items();
            assert_eq!(now(shared.queue.get()), Some(Err(GetError::ShutDown)));
        })
    });
}

#[test]
fn join_while_it_is_shut_down_at_once() {
    explore("Queue::shutdown, immediate", TWO, |stage| {
        let shared = Shared::for_one();
        shared.putters(stage, 2);
        let joiner = Arc::clone(&shared);
        stage.actor(async move {
            pause().await;
            joiner.queue.join().await;
        });
        stage.steady(&shared, |other| async move {
            pause().await;
            other.queue.shutdown(true);
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.queue.is_empty());
            assert_eq!(now(shared.queue.join()), Some(()));
        })
    });
}

/// Three actors take one of two items each.
macro_rules! get {
    ($($test:ident: $type:ident;)+) => {$(
        #[test]
        fn $test() {
            explore(concat!(stringify!($type), "::get"), TWO, |stage| {
                let shared = Arc::new(($type::new(2), Notes::default()));
                stage.actors(3, &shared, |shared, _| async move { shared.1.add(shared.0.get().await.unwrap()) });
                stage.steady(&shared, |shared| async move {
                    shared.0.put(1).await.and(shared.0.put(2).await).unwrap();
                });
                Box::new(move |ends| {
                    let (queue, got) = &*shared;
                    assert_eq!(queue.len() + got.all().len(), 2);
                    assert!(queue.is_empty() || none_is_stuck(ends));
                })
            });
        }
    )+};
}
get! {
    get_of_a_lifo_queue: LifoQueue;
    get_of_a_priority_queue: PriorityQueue;
}
