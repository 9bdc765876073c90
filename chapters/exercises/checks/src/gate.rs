//! A future that a check opens, a task that a check polls by hand, and a limit for the number of polls, so that nothing depends
//! on time or on an executor.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use crate::violated;

/// A future that's ready when the check opens it. It counts its polls, and keeps its last waker.
#[derive(Clone, Debug, Default)]
pub struct Gate(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    is_open: bool,
    polls: usize,
    /// How often it was polled after it had been ready.
    late: usize,
    is_done: bool,
    waker: Option<Waker>,
}

impl Gate {
    /// Opens the gate and wakes the task that waits for it, if it left its waker.
    pub fn open(&self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.is_open = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How often it was polled.
    pub fn polls(&self) -> usize {
        self.0.borrow().polls
    }

    /// How often it was polled after it had been ready.
    pub fn late_polls(&self) -> usize {
        self.0.borrow().late
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.borrow_mut();
        state.polls += 1;
        if state.polls > 1000 {
            drop(state);
            violated("A future that isn't ready was polled 1,000 times without being woken: that's polling.");
        }
        if state.is_done {
            state.late += 1;
            return Poll::Pending;
        }
        if state.is_open {
            state.is_done = true;
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Counts how often it's called.
#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A task: the future under test, and its waker.
#[derive(Debug)]
pub struct Task<F: Future> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> Task<F> {
    /// A task that hasn't been polled.
    pub fn new(future: F) -> Self {
        Self { future: Box::pin(future), woken: Arc::default() }
    }

    /// Polls the future once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.woken))))
    }

    /// Gives the task another waker. It forgets that it was woken.
    pub fn change_waker(&mut self) {
        self.woken = Arc::default();
    }

    /// Whether it was woken since the last time.
    pub fn was_woken(&self) -> bool {
        self.woken.0.swap(0, Relaxed) > 0
    }
}

/// Runs a future, and refuses an exercise that polls it more than `limit` times, because it polls something instead of waiting
/// for it. `who` begins the sentence.
pub async fn polled_at_most<F: Future>(limit: usize, who: &str, future: F) -> F::Output {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|context| {
        polls += 1;
        if polls > limit {
            violated(&format!(
                "{who} was polled more than {limit} times, although hardly anything happened: it polls instead of waiting."
            ));
        }
        future.as_mut().poll(context)
    })
    .await
}

/// Runs two futures at the same time.
pub async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}
