//! Looks at `wake_up`: polls by hand, and counts who is woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use crate::wake_up::{Bell, Wait};

/// A coroutine that waits for the bell, and how often it was woken.
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

pub fn check() -> Result<(), String> {
    let bell = Bell::default();
    let [mut first, mut second] = [(); 2].map(|()| Waiter::new(&bell));
    if first.poll().is_ready() || second.poll().is_ready() {
        return Err("somebody went on before the bell was rung".to_owned());
    }
    if first.was_woken() || second.was_woken() {
        return Err(
            "somebody was woken before the bell was rung: to wake oneself is to be polled again and again".into()
        );
    }
    // A task may come back with another waker, as when it has moved: the last one counts.
    let before = std::mem::take(&mut first.woken);
    _ = first.poll();
    bell.ring();
    match (first.was_woken(), second.was_woken()) {
        (true, true) => {}
        (false, false) if before.0.load(Relaxed) == 0 => {
            return Err("the bell was rung and nobody was woken: no waker had been left".to_owned());
        }
        (false, _) => return Err("who was polled again with another waker was not woken by that one".to_owned()),
        (true, false) => return Err("the bell was rung, and of two that waited one was woken".to_owned()),
    }
    if first.poll().is_pending() || second.poll().is_pending() {
        return Err("the bell was rung, and somebody still waits".to_owned());
    }
    if Waiter::new(&bell).poll().is_pending() {
        return Err("who comes after the bell was rung waits for ever".to_owned());
    }
    Ok(())
}
