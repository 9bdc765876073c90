//! Checks `gate`, with loom.

use std::sync::Arc;
use std::{panic, process};

use loom::model::Builder;
use loom::thread;

use crate::gate::Gate;

/// A model needs about thirty steps. One that needs more polls the gate.
const STEPS: usize = 300;

pub fn check() -> Result<(), String> {
    // loom panics in the middle of an interleaving, and some of its types panic again when they're dropped then.
    panic::set_hook(Box::new(|panic| {
        print!("loom says: {}", panic.payload_as_str().unwrap_or_default());
        process::exit(1)
    }));
    (1..=2).for_each(explore);
    Ok(())
}

/// Lets threads wait at a gate in all interleavings.
fn explore(waiting: usize) {
    let mut builder = Builder::new();
    builder.max_branches = STEPS;
    builder.preemption_bound = Some(2);
    builder.check(move || {
        let gate = Arc::new(Gate::new());
        let wait = |gate: Arc<Gate>| {
            thread::spawn(move || {
                gate.wait();
                assert!(gate.is_open(), "a thread has passed the gate before it was open");
            })
        };
        let threads: Vec<_> = (0..waiting).map(|_| wait(Arc::clone(&gate))).collect();
        gate.open();
        assert!(gate.is_open(), "the gate isn't open after a call of `open`");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
