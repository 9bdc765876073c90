//! Checks `oneshot` in every schedule.

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
    thread::scope(|scope| {
        scope.spawn(move || match value {
            Some(value) => sender.send(value),
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
}

fn nobody() {
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            work();
            drop(receiver);
        });
        scope.spawn(move || sender.send(7));
    });
}
