use std::sync::Arc;

use chapters::coroutines::Lock;

use crate::explore::{CriticalSection, LONG, ONE_OR_TIMEOUT, TWO, explore, none_is_stuck, now};

#[derive(Default)]
struct Shared {
    lock: Lock,
    section: CriticalSection,
}

impl Shared {
    fn is_usable(&self) -> bool {
        !self.lock.is_locked() && self.lock.try_acquire().is_some() && now(self.lock.acquire()).is_some()
    }
}

#[test]
fn acquire() {
    explore("Lock::acquire", TWO, |stage| {
        let shared = Arc::new(Shared::default());
        stage.actors(3, &shared, |shared, who| async move {
            shared.section.arrived.add(who);
            let _guard = shared.lock.acquire().await;
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
    explore("Lock::acquire_timeout", ONE_OR_TIMEOUT, |stage| {
        let shared = Arc::new(Shared::default());
        stage.actors(3, &shared, |shared, who| async move {
            if let Some(_guard) = shared.lock.acquire_timeout(LONG).await {
                shared.section.enter(who).await;
            }
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(shared.is_usable());
        })
    });
}
