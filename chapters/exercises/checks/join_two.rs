//! Checks `join_two`: polls by hand, and decides which future is ready when.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use checks::{Check, Checks, violated};

use super::join_two::join;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("Both futures are ready at once.", ready_at_once),
    Check::new("No future is ready.", pending),
    Check::new("The first future is ready before the second one.", || in_turn(true)),
    Check::new("The second future is ready before the first one.", || in_turn(false)),
    Check::new("The task is polled with another waker.", moved),
]);

/// A future that's ready when the check opens it. It counts its polls, and keeps its last waker.
#[derive(Clone, Default)]
struct Gate(Rc<RefCell<State>>);

#[derive(Default)]
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
    fn open(&self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.is_open = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
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
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A task: the future under test, and its waker.
struct Task<F: Future> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> Task<F> {
    fn new(future: F) -> Self {
        Self { future: Box::pin(future), woken: Arc::default() }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.woken))))
    }

    /// Whether it was woken since the last time.
    fn was_woken(&self) -> bool {
        self.woken.0.swap(0, Relaxed) > 0
    }
}

fn ready_at_once() -> Result<(), String> {
    let mut task = Task::new(join(async { 1 }, async { "two" }));
    match task.poll() {
        Poll::Ready((1, "two")) => Ok(()),
        Poll::Ready(other) => Err(format!("The outputs are 1 and \"two\", and `join` returns {other:?}.")),
        Poll::Pending => Err("Both futures are ready, and the first poll of `join` is pending.".to_owned()),
    }
}

fn pending() -> Result<(), String> {
    let gates = [Gate::default(), Gate::default()];
    let mut task = Task::new(join(gates[0].clone(), gates[1].clone()));
    if task.poll().is_ready() {
        return Err("Neither future is ready, and `join` is.".to_owned());
    }
    for (gate, which) in gates.iter().zip(["first", "second"]) {
        let polls = gate.0.borrow().polls;
        if polls != 1 {
            return Err(format!(
                "`join` was polled once, and the {which} future was polled {polls} times: they don't run at the same time."
            ));
        }
    }
    if task.was_woken() {
        return Err("Neither future is ready, and `join` wakes its task: so it's polled again and again.".to_owned());
    }
    Ok(())
}

fn in_turn(first: bool) -> Result<(), String> {
    let (one, two) = (Gate::default(), Gate::default());
    let mut task = Task::new(join(one.clone(), two.clone()));
    _ = task.poll();
    let (early, late, names) =
        if first { (&one, &two, ["first", "second"]) } else { (&two, &one, ["second", "first"]) };
    for (gate, name, is_last) in [(early, names[0], false), (late, names[1], true)] {
        gate.open();
        if !task.was_woken() {
            return Err(format!("The {name} future became ready, and the task wasn't woken."));
        }
        match task.poll() {
            Poll::Ready(_) if !is_last => {
                return Err(format!("Only the {name} future is ready, and `join` is as well."));
            }
            Poll::Pending if is_last => {
                return Err(format!(
                    "The {} future was ready, then the {name} one, and `join` is still pending.",
                    names[0]
                ));
            }
            _ => {}
        }
        if task.was_woken() {
            return Err(format!(
                "The {} future isn't ready, and `join` wakes its task: so it's polled again and again.",
                names[1]
            ));
        }
    }
    match early.0.borrow().late {
        0 => Ok(()),
        _ => Err(format!("The {} future was polled again after it was ready, which is an error.", names[0])),
    }
}

fn moved() -> Result<(), String> {
    let (one, two) = (Gate::default(), Gate::default());
    let mut task = Task::new(join(one.clone(), two.clone()));
    _ = task.poll();
    task.woken = Arc::default();
    _ = task.poll();
    two.open();
    match task.was_woken() {
        true => Ok(()),
        false => Err("The task was polled again with another waker, and that one wasn't called.".to_owned()),
    }
}
