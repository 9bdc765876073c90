//! Checks `oneshot` in every schedule.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated, work};
use checks::{Check, Checks};

use super::oneshot::channel;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A sends 7, and B receives it.", || check(|| transfer(Some(7)))),
    Check::new("A drops the sender, and B receives nothing.", || check(|| transfer(None))),
    Check::new("A drops the receiver, and B sends 7.", || check(nobody)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("state").advice(
        "The receiver should wait until the sender notifies it. See hint 1.",
        "See hint 1.",
        "See hints 1 and 2.",
    ))
}

fn transfer(value: Option<u32>) {
    let (sender, receiver) = channel();
    let came_back = AtomicBool::new(false);
    thread::scope(|scope| {
        let came_back = &came_back;
        scope.spawn(move || match value {
            Some(value) => came_back.store(sender.send(value).is_err(), Relaxed),
            None => drop(sender),
        });
        scope.spawn(move || {
            let received = receiver.receive();
            match (value, received) {
                (value, received) if value == received => {}
                (Some(value), None) => violated(&format!("B receives nothing, although {value} is sent,")),
                _ => violated(&format!("B receives {received:?} instead of {value:?}")),
            }
        });
    });
    if came_back.load(Relaxed) {
        violated("the value came back from `send`, although the receiver waited for it,");
    }
}

fn nobody() {
    let (sender, receiver) = channel();
    let is_gone = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_gone = &is_gone;
        scope.spawn(move || {
            work();
            drop(receiver);
            is_gone.store(true, Relaxed);
            work();
        });
        scope.spawn(move || {
            work();
            let was_gone = is_gone.load(Relaxed);
            match sender.send(7) {
                Ok(()) if was_gone => violated("A had dropped the receiver, and `send` doesn't return the value"),
                Err(value) if value != 7 => violated(&format!("B sends 7, and {value} comes back")),
                _ => {}
            }
        });
    });
}
