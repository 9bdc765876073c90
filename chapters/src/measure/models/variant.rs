//! The variants that are compared: each model with its options, and CPython's modules.

use crate::python::Interpreter;

/// A way to run the service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// The name of the variant.
    pub name: &'static str,
    /// The model: `threads`, `processes` or `coroutines`.
    pub model: &'static str,
    /// The flag that selects this variant in the demo, or what Python uses, if it needs one.
    pub flag: Option<&'static str>,
    /// The interpreter that runs it, if it's Python's.
    pub python: Option<&'static Interpreter>,
}

const fn ours(name: &'static str, model: &'static str, flag: &'static str) -> Variant {
    Variant { name, model, flag: Some(flag), python: None }
}

// ANCHOR: variants
pub const THREADS: Variant = ours("threads", "threads", "--gil=none");
pub const ONE_GIL: Variant = ours("threads, one GIL", "threads", "--gil=one");
pub const FORK: Variant = ours("processes, fork", "processes", "--method=fork");
pub const SPAWN: Variant = ours("processes, spawn", "processes", "--method=spawn");
pub const FORKSERVER: Variant = ours("processes, forkserver", "processes", "--method=forkserver");
pub const LOOP: Variant = ours("coroutines, one loop", "coroutines", "--runtime=current-thread");
pub const POOL: Variant = ours("coroutines, pool", "coroutines", "--runtime=multi-thread");
// ANCHOR_END: variants

/// The variants that an interpreter runs.
pub fn pythons(interpreter: &'static Interpreter) -> [Variant; 3] {
    let of = |name, model| Variant { name, model, flag: None, python: Some(interpreter) };
    [
        of("Python's threading", "threads"),
        of("Python's multiprocessing", "processes"),
        of("Python's asyncio", "coroutines"),
    ]
}

/// The other methods by which an interpreter starts worker processes. Those of [`pythons`] are forked.
pub fn methods(interpreter: &'static Interpreter) -> [Variant; 2] {
    let of = |name, method| Variant { name, model: "processes", flag: Some(method), python: Some(interpreter) };
    [of("Python's spawn", "spawn"), of("Python's forkserver", "forkserver")]
}

/// The pools of an interpreter's `concurrent.futures`. A pool of interpreters needs Python 3.14.
pub fn pools(interpreter: &'static Interpreter) -> Vec<Variant> {
    let of = |name, model, flag| Variant { name, model, flag: Some(flag), python: Some(interpreter) };
    let mut pools = vec![
        of("ThreadPoolExecutor", "threads", "ThreadPoolExecutor"),
        of("ProcessPoolExecutor", "processes", "ProcessPoolExecutor"),
    ];
    if interpreter.is_at_least(3, 14) {
        pools.push(of("InterpreterPoolExecutor", "threads", "InterpreterPoolExecutor"));
    }
    pools
}

impl Variant {
    /// Its name in tables and charts, with the version if an interpreter runs it.
    pub fn label(&self) -> String {
        match self.python {
            Some(interpreter) => format!("{} {}", self.name, interpreter.label()),
            None => self.name.to_owned(),
        }
    }

    /// Whether it runs on this system.
    pub fn is_here(&self) -> bool {
        cfg!(target_os = "linux") || self.model != "processes"
    }
}
