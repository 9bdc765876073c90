use std::sync::Arc;

use chapters::coroutines::Queue;
use chapters::errors::{GetError, PutError};

use crate::explore::{End, Faults, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, none_is_stuck, now, pause};

/// A queue with room for one item, and logs of the items that were put and taken.
struct Shared {
    queue: Queue<usize>,
    put: Notes<usize>,
    taken: Notes<usize>,
}

impl Shared {
    fn with_actors(stage: &mut Stage, putters: usize, getters: usize, timed: bool) -> Arc<Self> {
        let shared = Arc::new(Self { queue: Queue::new(1), put: Notes::default(), taken: Notes::default() });
        stage.actors(putters, &shared, move |shared, item| async move {
            let queue = &shared.queue;
            match if timed { queue.put_timeout(item, LONG).await } else { queue.put(item).await } {
                Ok(()) => shared.put.add(item),
                Err(PutError::Full(back)) => assert!(timed && back == item),
                Err(PutError::ShutDown(back)) => assert!(queue.is_shutdown() && back == item),
            }
        });
        stage.actors(getters, &shared, move |shared, _| async move {
            let queue = &shared.queue;
            match if timed { queue.get_timeout(LONG).await } else { queue.get().await } {
                Ok(item) => {
                    shared.taken.add(item);
                    queue.task_done().unwrap();
                }
                Err(GetError::Empty) => assert!(timed),
                Err(GetError::ShutDown) => assert!(queue.is_shutdown()),
            }
        });
        shared
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
}

/// No actor waits for room or for an item that is there.
fn put_and_get(faults: Faults, putters: usize, getters: usize, timed: bool) {
    explore(faults, |stage| {
        let shared = Shared::with_actors(stage, putters, getters, timed);
        Box::new(move |ends| {
            let (putters, getters) = ends.split_at(putters);
            assert!(shared.queue.is_full() || none_is_stuck(putters), "an actor waits although there is room");
            assert!(shared.queue.is_empty() || none_is_stuck(getters), "an actor waits although there is an item");
            shared.check_items();
            if none_is_stuck(ends) {
                assert_eq!(now(shared.queue.put(7)), Some(Ok(())));
                assert_eq!(now(shared.queue.get()), Some(Ok(7)));
            }
        })
    });
}

#[test]
fn put() {
    put_and_get(TWO, 3, 1, false);
}

#[test]
fn get() {
    put_and_get(TWO, 2, 2, false);
}

#[test]
fn put_timeout_and_get_timeout() {
    put_and_get(ONE_OR_TIMEOUT, 2, 2, true);
}

#[test]
fn join() {
    explore(TWO, |stage| {
        let shared = Shared::with_actors(stage, 0, 2, false);
        stage.steady(&shared, |boss| async move {
            for item in 0..2 {
                boss.queue.put(item).await.unwrap();
                boss.put.add(item);
            }
            boss.queue.join().await;
        });
        let joiner = Arc::clone(&shared);
        stage.actor(async move { joiner.queue.join().await });
        Box::new(move |ends| {
            let (taken, put) = (shared.taken.all().len(), shared.put.all().len());
            assert!(ends[3] != End::Stuck || taken < put, "an actor is in `join` although all tasks are done");
            assert!(ends[2] != End::Stuck || taken < 2);
            shared.check_items();
        })
    });
}

#[test]
fn put_and_get_while_it_is_shut_down() {
    explore(TWO, |stage| {
        let shared = Shared::with_actors(stage, 3, 1, false);
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
    explore(TWO, |stage| {
        let shared = Shared::with_actors(stage, 2, 0, false);
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
