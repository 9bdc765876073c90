use std::sync::Arc;

use chapters::coroutines::RLock;

use crate::explore::{LONG, ONE_OR_TIMEOUT, Room, TWO, explore, nobody_is_stuck, now, pause};

#[derive(Default)]
struct Place {
    lock: RLock,
    room: Room,
}

impl Place {
    fn is_as_new(&self) -> bool {
        !self.lock.is_locked() && self.lock.try_acquire().is_some() && now(self.lock.acquire()).is_some()
    }
}

#[test]
fn acquire() {
    explore("RLock::acquire", TWO, |stage| {
        let place = Arc::new(Place::default());
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.room.came.add(who);
                let outer = place.lock.acquire().await;
                let _inner = place.lock.acquire().await;
                drop(outer);
                place.room.stay(who).await;
            });
        }
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert!(place.is_as_new());
            assert!(place.room.was_first_come_first_served());
        })
    });
}

#[test]
fn acquire_timeout() {
    explore("RLock::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Arc::new(Place::default());
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                if let Some(_outer) = place.lock.acquire_timeout(LONG).await {
                    let _inner = place.lock.acquire_timeout(LONG).await.expect("it is mine");
                    place.room.stay(who).await;
                }
            });
        }
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert!(place.is_as_new());
        })
    });
}

#[test]
fn branches_of_a_join_are_one_task() {
    explore("RLock::acquire in branches", TWO, |stage| {
        let place = Arc::new(Place::default());
        let both = Arc::clone(&place);
        stage.actor(async move {
            let branch = async || {
                let _guard = both.lock.acquire().await;
                pause().await;
            };
            tokio::join!(branch(), branch());
        });
        let one = Arc::clone(&place);
        stage.actor(async move {
            let _guard = one.lock.acquire().await;
            one.room.stay(0).await;
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert!(place.is_as_new());
        })
    });
}
