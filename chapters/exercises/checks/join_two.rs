//! Checks `join_two`: polls by hand, and decides which future is ready when.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use checks::gate::{Gate, Task};
use checks::{Check, Checks};

use super::join_two::join;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("Both futures are ready at once.", ready_at_once),
    Check::new("No future is ready.", pending),
    Check::new("The first future is ready before the second one.", || in_turn(true)),
    Check::new("The second future is ready before the first one.", || in_turn(false)),
    Check::new("The task is polled with another waker.", moved),
    Check::new("The first future is ready before the second one, and it holds something.", || drops(true)),
    Check::new("The second future is ready before the first one, and it holds something.", || drops(false)),
]);

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
        let polls = gate.polls();
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
    match early.late_polls() {
        0 => Ok(()),
        _ => Err(format!("The {} future was polled again after it was ready, which is an error.", names[0])),
    }
}

fn moved() -> Result<(), String> {
    let (one, two) = (Gate::default(), Gate::default());
    let mut task = Task::new(join(one.clone(), two.clone()));
    _ = task.poll();
    task.change_waker();
    if task.poll().is_ready() {
        return Err("Neither future is ready, and the second poll of `join` is.".to_owned());
    }
    two.open();
    match task.was_woken() {
        true => Ok(()),
        false => Err("The task was polled again with another waker, and that one wasn't called.".to_owned()),
    }
}

/// A future that holds something until it's dropped.
struct Holds(Gate, Rc<()>);

impl Future for Holds {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

fn drops(first: bool) -> Result<(), String> {
    let (one, two, held) = (Gate::default(), Gate::default(), Rc::new(()));
    let futures = [&one, &two].map(|gate| Holds(gate.clone(), Rc::clone(&held)));
    let [before, after] = if first { ["first", "second"] } else { ["second", "first"] };
    let [one_future, two_future] = futures;
    let mut task = Task::new(join(one_future, two_future));
    _ = task.poll();
    if first {
        one.open()
    } else {
        two.open()
    }
    _ = task.poll();
    match Rc::strong_count(&held) {
        2 => Ok(()),
        _ => Err(format!("The {before} future was ready, and `join` keeps it until the {after} one is ready as well.")),
    }
}
