use std::sync::Arc;

use chapters::coroutines::{LifoQueue, PriorityQueue, Queue};
use chapters::errors::{GetError, PutError};

use crate::explore::{End, LONG, Notes, ONE_OR_TIMEOUT, Stage, TWO, explore, nobody_is_stuck, now, pause};

/// A queue for one item, and what went in and came out.
struct Place {
    queue: Queue<usize>,
    put: Notes<usize>,
    got: Notes<usize>,
}

impl Place {
    fn for_one() -> Arc<Self> {
        Arc::new(Self { queue: Queue::new(1), put: Notes::default(), got: Notes::default() })
    }

    fn putters(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        for item in 0..count {
            let place = Arc::clone(self);
            stage.actor(async move {
                match place.queue.put(item).await {
                    Ok(()) => place.put.add(item),
                    Err(error) => assert_eq!(error, PutError::ShutDown(item)),
                }
            });
        }
    }

    fn getters(self: &Arc<Self>, stage: &mut Stage, count: usize) {
        for _ in 0..count {
            let place = Arc::clone(self);
            stage.actor(async move {
                match place.queue.get().await {
                    Ok(item) => place.got.add(item),
                    Err(error) => assert_eq!(error, GetError::ShutDown),
                }
            });
        }
    }

    /// Takes what is left, and checks that what came out is what went in.
    fn is_whole(&self) {
        let mut got = self.got.all();
        got.extend(std::iter::from_fn(|| self.queue.try_get().ok()));
        got.sort();
        let mut put = self.put.all();
        put.sort();
        assert_eq!(got, put, "what came out is what went in");
    }

    /// Nobody waits for what is there.
    fn keeps_nobody_waiting(&self, putters: &[End], getters: &[End]) {
        assert!(self.queue.is_full() || nobody_is_stuck(putters), "there is room, and somebody waits for it");
        assert!(self.queue.is_empty() || nobody_is_stuck(getters), "there is an item, and somebody waits for one");
    }

    fn works(&self) {
        assert_eq!(now(self.queue.put(7)), Some(Ok(())));
        assert_eq!(now(self.queue.get()), Some(Ok(7)));
    }
}

#[test]
fn put() {
    explore("Queue::put", TWO, |stage| {
        let place = Place::for_one();
        place.putters(stage, 3);
        place.getters(stage, 1);
        Box::new(move |ends| {
            place.keeps_nobody_waiting(&ends[..3], &ends[3..]);
            place.is_whole();
            if nobody_is_stuck(ends) {
                place.works();
            }
        })
    });
}

#[test]
fn get() {
    explore("Queue::get", TWO, |stage| {
        let place = Place::for_one();
        place.putters(stage, 2);
        place.getters(stage, 2);
        Box::new(move |ends| {
            place.keeps_nobody_waiting(&ends[..2], &ends[2..]);
            place.is_whole();
            if nobody_is_stuck(ends) {
                place.works();
            }
        })
    });
}

#[test]
fn put_timeout_and_get_timeout() {
    explore("Queue::put_timeout and get_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Place::for_one();
        for item in 0..2 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                match place.queue.put_timeout(item, LONG).await {
                    Ok(()) => place.put.add(item),
                    Err(error) => assert_eq!(error, PutError::Full(item)),
                }
            });
        }
        for _ in 0..2 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                match place.queue.get_timeout(LONG).await {
                    Ok(item) => place.got.add(item),
                    Err(error) => assert_eq!(error, GetError::Empty),
                }
            });
        }
        Box::new(move |ends| {
            place.keeps_nobody_waiting(&ends[..2], &ends[2..]);
            place.is_whole();
        })
    });
}

#[test]
fn join() {
    explore("Queue::join", TWO, |stage| {
        let place = Place::for_one();
        let boss = Arc::clone(&place);
        stage.steady(async move {
            for item in 0..2 {
                boss.queue.put(item).await.unwrap();
                boss.put.add(item);
            }
            boss.queue.join().await;
        });
        let joiner = Arc::clone(&place);
        stage.actor(async move { joiner.queue.join().await });
        for _ in 0..2 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.got.add(place.queue.get().await.unwrap());
                place.queue.task_done().unwrap();
            });
        }
        Box::new(move |ends| {
            let all_done = place.got.all().len() == place.put.all().len();
            assert!(ends[1] != End::Stuck || !all_done, "all is done, and somebody waits for that");
            assert!(ends[0] != End::Stuck || place.got.all().len() < 2);
            place.is_whole();
        })
    });
}

#[test]
fn put_and_get_while_it_is_shut_down() {
    explore("Queue::shutdown", TWO, |stage| {
        let place = Place::for_one();
        place.putters(stage, 3);
        place.getters(stage, 1);
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.queue.shutdown(false);
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            place.is_whole();
            assert_eq!(now(place.queue.get()), Some(Err(GetError::ShutDown)));
        })
    });
}

#[test]
fn join_while_it_is_shut_down_at_once() {
    explore("Queue::shutdown, immediate", TWO, |stage| {
        let place = Place::for_one();
        place.putters(stage, 2);
        let joiner = Arc::clone(&place);
        stage.actor(async move {
            pause().await;
            joiner.queue.join().await;
        });
        let other = Arc::clone(&place);
        stage.steady(async move {
            pause().await;
            other.queue.shutdown(true);
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert!(place.queue.is_empty());
            assert_eq!(now(place.queue.join()), Some(()));
        })
    });
}

#[test]
fn get_of_other_orders() {
    explore("LifoQueue::get", TWO, |stage| {
        let (queue, got) = (Arc::new(LifoQueue::new(2)), Arc::new(Notes::default()));
        others(stage, &got, Arc::clone(&queue), |queue| async move { queue.get().await.unwrap() });
        let putter = Arc::clone(&queue);
        stage.steady(async move { putter.put(1).await.and(putter.put(2).await).unwrap() });
        Box::new(move |ends| {
            assert_eq!(queue.len() + got.all().len(), 2);
            assert!(queue.is_empty() || nobody_is_stuck(ends));
        })
    });
    explore("PriorityQueue::get", TWO, |stage| {
        let (queue, got) = (Arc::new(PriorityQueue::new(2)), Arc::new(Notes::default()));
        others(stage, &got, Arc::clone(&queue), |queue| async move { queue.get().await.unwrap() });
        let putter = Arc::clone(&queue);
        stage.steady(async move { putter.put(1).await.and(putter.put(2).await).unwrap() });
        Box::new(move |ends| {
            assert_eq!(queue.len() + got.all().len(), 2);
            assert!(queue.is_empty() || nobody_is_stuck(ends));
        })
    });
}

/// Adds three coroutines that take an item each.
fn others<Q, F>(stage: &mut Stage, got: &Arc<Notes<usize>>, queue: Arc<Q>, get: fn(Arc<Q>) -> F)
where
    Q: Send + Sync + 'static,
    F: Future<Output = usize> + Send + 'static,
{
    for _ in 0..3 {
        let (got, item) = (Arc::clone(got), get(Arc::clone(&queue)));
        stage.actor(async move { got.add(item.await) });
    }
}
