//! Checks `time_limit`: polls by hand, and decides when the future is ready and when the time is up.

use std::rc::Rc;
use std::task::Poll;

use checks::gate::{Gate, Task};
use checks::{Check, Checks};

use super::time_limit::timeout;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The future is ready at once.", ready_at_once),
    Check::new("The future isn't ready, and the time isn't up.", pending),
    Check::new("The future is ready before the time is up.", in_time),
    Check::new("The time is up before the future is ready.", too_late),
    Check::new("The future is ready when the time is up.", both),
]);

/// A future that is ready when its gate is open, and notes when it's dropped.
fn guarded(gate: &Gate, alive: &Rc<()>) -> impl Future<Output = u32> + use<> {
    let (gate, alive) = (gate.clone(), Rc::clone(alive));
    async move {
        gate.await;
        drop(alive);
        7
    }
}

fn ready_at_once() -> Result<(), String> {
    match Task::new(timeout(Gate::default(), async { 7 })).poll() {
        Poll::Ready(Some(7)) => Ok(()),
        other => Err(format!("The output is 7, and the first poll of `timeout` is {other:?}.")),
    }
}

fn pending() -> Result<(), String> {
    let (timer, gate) = (Gate::default(), Gate::default());
    let mut task = Task::new(timeout(timer.clone(), gate.clone()));
    if task.poll().is_ready() {
        return Err("The time isn't up, the future isn't ready, and `timeout` is.".to_owned());
    }
    if task.was_woken() {
        return Err("Nothing is ready, and `timeout` wakes its task: so it's polled again and again.".to_owned());
    }
    // A task may be polled for no reason, and with another waker.
    task.change_waker();
    if task.poll().is_ready() {
        return Err("The time isn't up, the future isn't ready, and the second poll of `timeout` is.".to_owned());
    }
    match (gate.polls(), timer.polls()) {
        (0, _) => {
            Err("`timeout` was polled, and its future wasn't: it became ready, and the task wasn't woken.".to_owned())
        }
        _ => Ok(()),
    }
}

fn in_time() -> Result<(), String> {
    let (timer, gate, alive) = (Gate::default(), Gate::default(), Rc::new(()));
    let mut task = Task::new(timeout(timer.clone(), guarded(&gate, &alive)));
    _ = task.poll();
    gate.open();
    if !task.was_woken() {
        return Err("The future became ready, and the task wasn't woken.".to_owned());
    }
    match task.poll() {
        Poll::Ready(Some(7)) => Ok(()),
        Poll::Pending => Err("The future became ready and woke its task, but it was never polled again.".to_owned()),
        Poll::Ready(other) => Err(format!("The output is 7, and `timeout` returns {other:?}.")),
    }
}

fn too_late() -> Result<(), String> {
    let (timer, gate, alive) = (Gate::default(), Gate::default(), Rc::new(()));
    let mut task = Task::new(timeout(timer.clone(), guarded(&gate, &alive)));
    _ = task.poll();
    if timer.polls() == 0 {
        let why = "The time is up, and the task wasn't woken: the timer was never polled.";
        return Err(why.to_owned());
    }
    timer.open();
    if !task.was_woken() {
        return Err("The time is up, and the task wasn't woken.".to_owned());
    }
    match task.poll() {
        Poll::Ready(None) => {}
        other => return Err(format!("The time is up, and the poll of `timeout` is {other:?}.")),
    }
    match Rc::strong_count(&alive) {
        1 => Ok(()),
        _ => Err("`timeout` returned `None`, and the future still exists.".to_owned()),
    }
}

fn both() -> Result<(), String> {
    let (timer, gate, alive) = (Gate::default(), Gate::default(), Rc::new(()));
    let mut task = Task::new(timeout(timer.clone(), guarded(&gate, &alive)));
    _ = task.poll();
    timer.open();
    gate.open();
    match task.poll() {
        Poll::Ready(Some(7)) => Ok(()),
        other => Err(format!(
            "In this poll both are ready, and the output is 7, but the poll is {other:?}: both are ready, so the output counts."
        )),
    }
}
