use std::sync::Arc;

use chapters::coroutines::{BoundedSemaphore, Permit, Semaphore};

use crate::explore::{CriticalSection, End, LONG, ONE_OR_TIMEOUT, TWO, explore, none_is_stuck, now, pause};

struct Shared {
    semaphore: Semaphore,
    section: CriticalSection,
}

impl Shared {
    fn with(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: Semaphore::new(permits), section: CriticalSection::default() })
    }
}

#[test]
fn acquire() {
    explore("Semaphore::acquire", TWO, |stage| {
        let shared = Shared::with(1);
        stage.actors(3, &shared, |shared, who| async move {
            shared.section.arrived.add(who);
            let _permit = shared.semaphore.acquire().await;
            shared.section.enter(who).await;
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.section.was_fair());
            assert_eq!(shared.semaphore.available(), 1);
            assert!(now(shared.semaphore.acquire()).is_some());
        })
    });
}

#[test]
fn acquire_of_what_others_release() {
    explore("Semaphore::acquire and release", TWO, |stage| {
        let shared = Shared::with(0);
        stage.actors(3, &shared, |shared, who| async move {
            shared.semaphore.acquire().await.forget();
            shared.section.entered.add(who);
        });
        stage.steady(&shared, |releaser| async move {
            releaser.semaphore.release(1);
            pause().await;
            releaser.semaphore.release(1);
        });
        Box::new(move |ends| {
            let (taken, left) = (shared.section.entered.all().len(), shared.semaphore.available());
            assert_eq!(taken + left, 2);
            assert!(left == 0 || none_is_stuck(ends));
        })
    });
}

#[test]
fn acquire_while_others_try() {
    explore("Semaphore::try_acquire", TWO, |stage| {
        let shared = Shared::with(1);
        stage.actors(2, &shared, |shared, who| async move {
            let _permit = shared.semaphore.acquire().await;
            shared.section.enter(who).await;
        });
        let other = Arc::clone(&shared);
        stage.actor(async move {
            pause().await;
            if let Some(_permit) = other.semaphore.try_acquire() {
                other.section.enter(2).await;
            }
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert_eq!(shared.semaphore.available(), 1);
        })
    });
}

#[test]
fn acquire_timeout() {
    explore("Semaphore::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Shared::with(1);
        stage.actors(3, &shared, |shared, who| async move {
            if let Some(_permit) = shared.semaphore.acquire_timeout(LONG).await {
                shared.section.enter(who).await;
            }
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert_eq!(shared.semaphore.available(), 1);
            assert!(now(shared.semaphore.acquire()).is_some());
        })
    });
}

#[test]
fn acquire_of_a_bounded_one() {
    explore("BoundedSemaphore::acquire", TWO, |stage| {
        let semaphore = Arc::new(BoundedSemaphore::new(2));
        stage.actors(3, &semaphore, |semaphore, _| async move {
            let _permit = semaphore.acquire().await;
            pause().await;
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert_eq!(semaphore.available(), 2);
        })
    });
}

#[test]
fn acquire_timeout_of_a_bounded_one() {
    explore("BoundedSemaphore::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        stage.actors(3, &semaphore, |semaphore, _| async move {
            if semaphore.acquire_timeout(LONG).await.map(Permit::forget).is_some() {
                semaphore.release(1).unwrap();
            }
        });
        Box::new(move |ends| {
            assert!(ends.iter().all(|end| *end != End::Stuck));
            assert_eq!(semaphore.available(), 1);
        })
    });
}
