use std::sync::Arc;

use chapters::coroutines::RLock;

use crate::explore::{CriticalSection, LONG, ONE_OR_TIMEOUT, TWO, explore, none_is_stuck, now, pause};

#[derive(Default)]
struct Shared {
    lock: RLock,
    section: CriticalSection,
}

impl Shared {
    fn is_usable(&self) -> bool {
        !self.lock.is_locked() && self.lock.try_acquire().is_some() && now(self.lock.acquire()).is_some()
    }
}

#[test]
fn acquire() {
    explore("RLock::acquire", TWO, |stage| {
        let shared = Arc::new(Shared::default());
        stage.actors(3, &shared, |shared, who| async move {
            shared.section.arrived.add(who);
            let outer = shared.lock.acquire().await;
            let _inner = shared.lock.acquire().await;
            drop(outer);
            shared.section.enter(who).await;
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.is_usable());
            assert!(shared.section.was_fair());
        })
    });
}

#[test]
fn acquire_timeout() {
    explore("RLock::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Arc::new(Shared::default());
        stage.actors(3, &shared, |shared, who| async move {
            if let Some(_outer) = shared.lock.acquire_timeout(LONG).await {
                let _inner = shared.lock.acquire_timeout(LONG).await.expect("the task owns the lock");
                shared.section.enter(who).await;
            }
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.is_usable());
        })
    });
}

#[test]
fn branches_of_a_join_are_one_task() {
    explore("RLock::acquire in branches", TWO, |stage| {
        let shared = Arc::new(Shared::default());
        let both = Arc::clone(&shared);
        stage.actor(async move {
            let branch = async || {
                let _guard = both.lock.acquire().await;
                pause().await;
            };
            tokio::join!(branch(), branch());
        });
        let one = Arc::clone(&shared);
        stage.actor(async move {
            let _guard = one.lock.acquire().await;
            one.section.enter(0).await;
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.is_usable());
        })
    });
}
