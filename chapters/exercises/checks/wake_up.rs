//! Checks `wake_up`: polls by hand, and counts how often each future is woken.

use checks::{Check, Checks};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use super::wake_up::{Bell, Wait};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Futures wait for a bell, which is then rung.", check)]);

/// A future that waits for the bell, and the number of times that it was woken.
struct Waiter {
    wait: Pin<Box<Wait>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Waiter {
    fn new(bell: &Bell) -> Self {
        Self { wait: Box::pin(bell.wait()), woken: Arc::default() }
    }

    fn poll(&mut self) -> Poll<()> {
        self.wait.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.woken))))
    }

    fn was_woken(&self) -> bool {
        self.woken.0.load(Relaxed) > 0
    }
}

fn check() -> Result<(), String> {
    let bell = Bell::default();
    let [mut first, mut second] = [(); 2].map(|()| Waiter::new(&bell));
    if first.poll().is_ready() || second.poll().is_ready() {
        return Err("A future was ready before the bell was rung.".to_owned());
    }
    if first.was_woken() || second.was_woken() {
        return Err(
            "A future was woken before the bell was rung: a future that wakes itself is polled again and again.".into(),
        );
    }
    // A task may be polled again with another waker, for example after it was moved. The last one counts.
    let before = std::mem::take(&mut first.woken);
    if first.poll().is_ready() {
        return Err("The bell wasn't rung, and the second poll of a future was ready.".to_owned());
    }
    bell.ring();
    match (first.was_woken(), second.was_woken()) {
        (true, true) => {}
        (false, false) if before.0.load(Relaxed) == 0 => {
            return Err("The bell was rung, and no task was woken: `poll` left no waker.".to_owned());
        }
        (false, _) => {
            return Err("A future was polled again with another waker, and `ring` didn't call that one.".to_owned());
        }
        (true, false) => return Err("The bell was rung, and of two waiting futures only one was woken.".to_owned()),
    }
    if first.poll().is_pending() || second.poll().is_pending() {
        return Err("The bell was rung, and a future is still pending.".to_owned());
    }
    if Waiter::new(&bell).poll().is_pending() {
        return Err("A future that is created after the bell was rung waits forever.".to_owned());
    }
    keeps_one_waker_for_each_future()?;
    wakes_without_borrowing()
}

/// Polls a future twice, and drops it.
fn keeps_one_waker_for_each_future() -> Result<(), String> {
    let bell = Bell::default();
    let mut waiter = Waiter::new(&bell);
    _ = (waiter.poll(), waiter.poll());
    let woken = Arc::clone(&waiter.woken);
    // This variable and the waiter hold one each.
    let wakers = |held: usize| Arc::strong_count(&woken) - held;
    if wakers(2) != 1 {
        return Err(format!("A future was polled twice, and the bell keeps {} of its wakers.", wakers(2)));
    }
    drop(waiter);
    match wakers(1) {
        0 => Ok(()),
        _ => Err("A future was dropped, and the bell keeps its waker.".to_owned()),
    }
}

/// A waker that polls its future at once, as an executor that runs tasks when they are woken does.
struct PollsAtOnce;

thread_local!(static WAITS: RefCell<Option<Pin<Box<Wait>>>> = const { RefCell::new(None) });

impl Wake for PollsAtOnce {
    fn wake(self: Arc<Self>) {
        if let Some(wait) = WAITS.take() {
            // A panic leaves the future as it is. Its `drop` might panic as well, which would end the process.
            let mut wait = ManuallyDrop::new(wait);
            _ = wait.as_mut().poll(&mut Context::from_waker(&Waker::from(self)));
            drop(ManuallyDrop::into_inner(wait));
        }
    }
}

fn wakes_without_borrowing() -> Result<(), String> {
    let bell = Bell::default();
    let mut wait = Box::pin(bell.wait());
    _ = wait.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(PollsAtOnce))));
    WAITS.set(Some(wait));
    let rung = panic::catch_unwind(AssertUnwindSafe(|| bell.ring()));
    rung.map_err(|_| "A waker polled its future at once, and the state was still borrowed.".to_owned())?;
    drops_a_future()
}

/// A waker that drops its future, rings again, and waits for the bell.
struct DropsIt;

thread_local!(static BELL: RefCell<Bell> = RefCell::default());

impl Wake for DropsIt {
    fn wake(self: Arc<Self>) {
        // If it panics, the future isn't dropped a second time.
        let wait = WAITS.take().map(ManuallyDrop::new);
        wait.into_iter().for_each(|wait| drop(ManuallyDrop::into_inner(wait)));
        BELL.with_borrow(|bell| {
            bell.ring();
            _ = ManuallyDrop::new(bell.wait());
        });
    }
}

fn drops_a_future() -> Result<(), String> {
    let bell = Bell::default();
    BELL.set(bell.clone());
    let mut waits = [(); 2].map(|()| Box::pin(bell.wait()));
    for wait in &mut waits {
        _ = wait.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(DropsIt))));
    }
    // The first waker drops the second future.
    let [first, second] = waits.map(ManuallyDrop::new);
    WAITS.set(Some(ManuallyDrop::into_inner(second)));
    let rung = panic::catch_unwind(AssertUnwindSafe(|| bell.ring()));
    rung.map_err(|_| "A waker dropped a future and rang the bell again, and the state was still borrowed.".to_owned())?;
    drop(ManuallyDrop::into_inner(first));
    Ok(())
}
