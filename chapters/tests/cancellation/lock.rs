use std::sync::Arc;

use chapters::coroutines::Lock;

use crate::explore::{LONG, ONE_OR_TIMEOUT, Room, TWO, explore, nobody_is_stuck, now};

#[derive(Default)]
struct Place {
    lock: Lock,
    room: Room,
}

impl Place {
    fn is_as_new(&self) -> bool {
        !self.lock.is_locked() && self.lock.try_acquire().is_some() && now(self.lock.acquire()).is_some()
    }
}

#[test]
fn acquire() {
    explore("Lock::acquire", TWO, |stage| {
        let place = Arc::new(Place::default());
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.room.came.add(who);
                let _guard = place.lock.acquire().await;
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
    explore("Lock::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Arc::new(Place::default());
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                if let Some(_guard) = place.lock.acquire_timeout(LONG).await {
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
