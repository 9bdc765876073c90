//! What loom's models share: each is run in every interleaving, and fails where it should.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{any, env};

use loom::model::Builder;

/// Set in the process where a model fails.
const IN_A_PROCESS_OF_ITS_OWN: &str = "LOOM_MODEL_FAILS";

/// So many preemptions are enough where somebody waits.
const ENOUGH: usize = 2;

/// How many preemptions are tried, if not all: what is asked for in `.ci/run`, which sets `CI`, and elsewhere no more than
/// are `enough`.
pub fn preemptions(asked: Option<usize>, enough: usize) -> Option<usize> {
    match env::var_os("CI") {
        Some(_) => asked,
        None => Some(asked.map_or(enough, |it| it.min(enough))),
    }
}

/// Runs `model` in every interleaving, or in every one with at most so many preemptions, and says how many there were.
pub fn explore(name: &str, preemptions: impl Into<Option<usize>>, model: impl Fn() + Send + Sync + 'static) {
    let interleavings = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&interleavings);
    let mut builder = Builder::new();
    let preemptions = self::preemptions(preemptions.into(), ENOUGH);
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.check(move || {
        counter.fetch_add(1, Relaxed);
        model();
    });
    let bound = preemptions.map_or(String::new(), |bound| format!(" with at most {bound} preemptions"));
    println!("{name}: {} interleavings{bound}", interleavings.load(Relaxed));
}

/// Checks that `model` fails with `message`.
///
/// It fails in a process of its own, this test once more: loom cannot unwind threads that hold its mutexes, and aborts.
pub fn fails<M: Fn()>(message: &str, model: M) {
    if env::var_os(IN_A_PROCESS_OF_ITS_OWN).is_some() {
        return model();
    }
    let path = any::type_name::<M>();
    let (_, test) = path.split_once("::").expect("a path begins with the crate");
    let test = test.trim_end_matches("::{{closure}}");
    let mut again = Command::new(env::current_exe().unwrap());
    again.args([test, "--exact", "--nocapture"]).env(IN_A_PROCESS_OF_ITS_OWN, "1").env("RUST_BACKTRACE", "0");
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the model finds nothing wrong");
    assert!(said.contains(message), "expected {message:?}, found:\n{said}");
}
