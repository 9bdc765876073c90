//! The locks and the semaphores, which limit how many coroutines are in a section at a time.

use std::any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chapters::coroutines::{BoundedSemaphore, Lock, LockGuard, Permit, RLock, RLockGuard, Semaphore};

use crate::explore::{LONG, Notes, ONE_OR_TIMEOUT, TWO, explore, none_is_stuck, now, pause};

/// A primitive that at most [`LIMIT`](Limit::LIMIT) coroutines hold at a time.
pub trait Limit: Send + Sync + 'static {
    const LIMIT: usize;
    type Guard<'a>: Send;

    fn new() -> Self;
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send;
    fn acquire_timeout(&self, timeout: Duration) -> impl Future<Output = Option<Self::Guard<'_>>> + Send;
    fn is_free(&self) -> bool;
}

macro_rules! limit {
    ($($type:ident, $limit:literal, $guard:ident, $new:expr, |$it:ident| $is_free:expr;)+) => {$(
        impl Limit for $type {
            const LIMIT: usize = $limit;
            type Guard<'a> = $guard<'a>;

            fn new() -> Self {
                $new
            }

            async fn acquire(&self) -> $guard<'_> {
                self.acquire().await
            }

            async fn acquire_timeout(&self, timeout: Duration) -> Option<$guard<'_>> {
                self.acquire_timeout(timeout).await
            }

            fn is_free(&self) -> bool {
                let $it = self;
                $is_free
            }
        }
    )+};
}
limit! {
    Lock, 1, LockGuard, Lock::new(), |lock| !lock.is_locked() && lock.try_acquire().is_some();
    Semaphore, 1, Permit, Semaphore::new(1), |semaphore| semaphore.available() == 1;
    BoundedSemaphore, 2, Permit, BoundedSemaphore::new(2), |semaphore| semaphore.available() == 2;
}

/// An `RLock` that each coroutine acquires twice.
pub struct Twice(RLock);

impl Limit for Twice {
    const LIMIT: usize = 1;
    type Guard<'a> = RLockGuard<'a>;

    fn new() -> Self {
        Self(RLock::new())
    }

    async fn acquire(&self) -> RLockGuard<'_> {
        let _outer = self.0.acquire().await;
        self.0.acquire().await
    }

    async fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_>> {
        let _outer = self.0.acquire_timeout(timeout).await?;
        Some(self.0.acquire_timeout(timeout).await.expect("the task owns the lock"))
    }

    fn is_free(&self) -> bool {
        !self.0.is_locked() && self.0.try_acquire().is_some()
    }
}

/// A section of code that at most [`LIMIT`](Limit::LIMIT) coroutines may be in.
pub struct Section<L> {
    pub limit: L,
    inside: AtomicUsize,
}

impl<L: Limit> Default for Section<L> {
    fn default() -> Self {
        Self { limit: L::new(), inside: AtomicUsize::new(0) }
    }
}

impl<L: Limit> Section<L> {
    /// Enters, pauses, and leaves.
    pub async fn enter(&self, _held: L::Guard<'_>) {
        struct Inside<'a>(&'a AtomicUsize);
        impl Drop for Inside<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        assert!(self.inside.fetch_add(1, Ordering::Relaxed) < L::LIMIT, "too many are inside");
        let _inside = Inside(&self.inside);
        pause().await;
    }
}

fn explore_acquire<L: Limit>() {
    println!("{}", any::type_name::<L>());
    explore(TWO, |stage| {
        let shared = Arc::new((Section::<L>::default(), Notes::default(), Notes::default()));
        stage.actors(3, &shared, |shared, who| async move {
            let (section, arrived, entered) = &*shared;
            arrived.add(who);
            let held = section.limit.acquire().await;
            entered.add(who);
            section.enter(held).await;
        });
        Box::new(move |ends| {
            let (section, arrived, entered) = &*shared;
            assert!(none_is_stuck(ends));
            assert!(section.limit.is_free() && now(section.limit.acquire()).is_some());
            let place = |who: &usize| arrived.all().iter().position(|other| other == who);
            assert!(L::LIMIT > 1 || entered.all().is_sorted_by_key(place), "not in order of arrival");
        })
    });
}

fn explore_acquire_timeout<L: Limit>() {
    println!("{}", any::type_name::<L>());
    explore(ONE_OR_TIMEOUT, |stage| {
        let section = Arc::new(Section::<L>::default());
        stage.actors(3, &section, |section, _| async move {
            if let Some(held) = section.limit.acquire_timeout(LONG).await {
                section.enter(held).await;
            }
        });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(section.limit.is_free() && now(section.limit.acquire()).is_some());
        })
    });
}

#[test]
fn acquire() {
    explore_acquire::<Lock>();
    explore_acquire::<Twice>();
    explore_acquire::<Semaphore>();
    explore_acquire::<BoundedSemaphore>();
}

#[test]
fn acquire_timeout() {
    explore_acquire_timeout::<Lock>();
    explore_acquire_timeout::<Twice>();
    explore_acquire_timeout::<Semaphore>();
    explore_acquire_timeout::<BoundedSemaphore>();
}

#[test]
fn branches_of_a_join_are_one_owner_of_an_rlock() {
    explore(TWO, |stage| {
        let lock = Arc::new(RLock::new());
        let (both, one) = (Arc::clone(&lock), Arc::clone(&lock));
        let hold = async |lock: &RLock| {
            let _guard = lock.acquire().await;
            pause().await;
        };
        stage.actor(async move { _ = tokio::join!(hold(&both), hold(&both)) });
        stage.actor(async move { hold(&one).await });
        Box::new(move |ends| {
            assert!(none_is_stuck(ends));
            assert!(!lock.is_locked() && lock.try_acquire().is_some());
        })
    });
}

#[test]
fn permits_that_others_release() {
    explore(TWO, |stage| {
        let shared = Arc::new((Semaphore::new(0), Notes::default()));
        stage.actors(3, &shared, |shared, who| async move {
            shared.0.acquire().await.forget();
            shared.1.add(who);
        });
        stage.steady(&shared, |releaser| async move {
            releaser.0.release(1);
            pause().await;
            releaser.0.release(1);
        });
        Box::new(move |ends| {
            let left = shared.0.available();
            assert_eq!(shared.1.all().len() + left, 2);
            assert!(left == 0 || none_is_stuck(ends));
        })
    });
}
