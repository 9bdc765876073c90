//! Checks `gate` in every schedule.

use std::sync::Arc;

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated};
use checks::{Check, Checks};

use super::gate::Gate;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A waits at the gate, and the main thread opens it.", || {
        check(|| open(1), "A woken thread checks the gate. Was any thread notified after it was open?")
    }),
    Check::new("A and B wait at the gate, and the main thread opens it.", || {
        check(|| open(2), "Every waiting thread must be notified. How many does `open` wake?")
    }),
]);

fn check(program: fn(), blocking: &'static str) -> Result<(), String> {
    all(&Trial::new(program).showing("is_open").advice("A thread should wait until the gate is opened.", "", blocking))
}

/// Lets threads wait at a gate, which the main thread opens.
fn open(waiting: usize) {
    let gate = Arc::new(Gate::new());
    let wait = |gate: Arc<Gate>| {
        thread::spawn(move || {
            gate.wait();
            if !gate.is_open() {
                violated(&format!("{} has passed the gate before it was open", me()));
            }
        })
    };
    let threads: Vec<_> = (0..waiting).map(|_| wait(Arc::clone(&gate))).collect();
    gate.open();
    if !gate.is_open() {
        violated("the gate isn't open after a call of `open`,");
    }
    threads.into_iter().for_each(|thread| _ = thread.join());
}
