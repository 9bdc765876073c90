use std::sync::Arc;

use chapters::coroutines::{BoundedSemaphore, Permit, Semaphore};

use crate::explore::{End, LONG, ONE_OR_TIMEOUT, Room, TWO, explore, nobody_is_stuck, now, pause};

struct Place {
    semaphore: Semaphore,
    room: Room,
}

impl Place {
    fn with(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: Semaphore::new(permits), room: Room::default() })
    }
}

#[test]
fn acquire() {
    explore("Semaphore::acquire", TWO, |stage| {
        let place = Place::with(1);
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.room.came.add(who);
                let _permit = place.semaphore.acquire().await;
                place.room.stay(who).await;
            });
        }
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert!(place.room.was_first_come_first_served());
            assert_eq!(place.semaphore.available(), 1);
            assert!(now(place.semaphore.acquire()).is_some());
        })
    });
}

#[test]
fn acquire_of_what_others_release() {
    explore("Semaphore::acquire and release", TWO, |stage| {
        let place = Place::with(0);
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                place.semaphore.acquire().await.forget();
                place.room.entered.add(who);
            });
        }
        let releaser = Arc::clone(&place);
        stage.steady(async move {
            releaser.semaphore.release(1);
            pause().await;
            releaser.semaphore.release(1);
        });
        Box::new(move |ends| {
            let (taken, left) = (place.room.entered.all().len(), place.semaphore.available());
            assert_eq!(taken + left, 2);
            assert!(left == 0 || nobody_is_stuck(ends));
        })
    });
}

#[test]
fn acquire_while_others_try() {
    explore("Semaphore::try_acquire", TWO, |stage| {
        let place = Place::with(1);
        for who in 0..2 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                let _permit = place.semaphore.acquire().await;
                place.room.stay(who).await;
            });
        }
        let other = Arc::clone(&place);
        stage.actor(async move {
            pause().await;
            if let Some(_permit) = other.semaphore.try_acquire() {
                other.room.stay(2).await;
            }
        });
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert_eq!(place.semaphore.available(), 1);
        })
    });
}

#[test]
fn acquire_timeout() {
    explore("Semaphore::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let place = Place::with(1);
        for who in 0..3 {
            let place = Arc::clone(&place);
            stage.actor(async move {
                if let Some(_permit) = place.semaphore.acquire_timeout(LONG).await {
                    place.room.stay(who).await;
                }
            });
        }
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert_eq!(place.semaphore.available(), 1);
            assert!(now(place.semaphore.acquire()).is_some());
        })
    });
}

#[test]
fn acquire_of_a_bounded_one() {
    explore("BoundedSemaphore::acquire", TWO, |stage| {
        let semaphore = Arc::new(BoundedSemaphore::new(2));
        for _ in 0..3 {
            let semaphore = Arc::clone(&semaphore);
            stage.actor(async move {
                let _permit = semaphore.acquire().await;
                pause().await;
            });
        }
        Box::new(move |ends| {
            assert!(nobody_is_stuck(ends));
            assert_eq!(semaphore.available(), 2);
        })
    });
}

#[test]
fn acquire_timeout_of_a_bounded_one() {
    explore("BoundedSemaphore::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        for _ in 0..3 {
            let semaphore = Arc::clone(&semaphore);
            stage.actor(async move {
                if semaphore.acquire_timeout(LONG).await.map(Permit::forget).is_some() {
                    semaphore.release(1).unwrap();
                }
            });
        }
        Box::new(move |ends| {
            assert!(ends.iter().all(|end| *end != End::Stuck));
            assert_eq!(semaphore.available(), 1);
        })
    });
}
