//! Runs loom models: [`explore`] in all interleavings, and [`fails`] to check that a model finds a mistake.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{any, env};

use loom::model::Builder;

/// The environment variable that is set in the process in which a model fails.
const IN_CHILD_PROCESS: &str = "LOOM_MODEL_FAILS";

/// How many preemptions are explored outside of CI.
const PREEMPTIONS: usize = 2;

/// Returns the limit on preemptions, or `None` for all interleavings: `asked` in `.ci/run`, which sets `CI`, and at
/// most `enough` elsewhere.
pub fn preemptions(asked: Option<usize>, enough: usize) -> Option<usize> {
    match env::var_os("CI") {
        Some(_) => asked,
        None => Some(asked.map_or(enough, |it| it.min(enough))),
    }
}

/// Runs `model` in all interleavings, or in those with at most `preemptions`, and prints how many there were.
pub fn explore(name: &str, preemptions: impl Into<Option<usize>>, model: impl Fn() + Send + Sync + 'static) {
    let interleavings = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&interleavings);
    let mut builder = Builder::new();
    let preemptions = self::preemptions(preemptions.into(), PREEMPTIONS);
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
/// Runs the calling test again in a process of its own, because loom aborts when a thread panics with a locked mutex.
pub fn fails<M: Fn()>(message: &str, model: M) {
    if env::var_os(IN_CHILD_PROCESS).is_some() {
        return model();
    }
    let path = any::type_name::<M>();
    let (_, test) = path.split_once("::").expect("a path begins with the crate");
    let test = test.trim_end_matches("::{{closure}}");
    let mut again = Command::new(env::current_exe().unwrap());
    again.args([test, "--exact", "--nocapture"]).env(IN_CHILD_PROCESS, "1").env("RUST_BACKTRACE", "0");
    let output = again.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the model doesn't fail");
    assert!(stderr.contains(message), "expected {message:?}, found:\n{stderr}");
}
