//! The variants that are compared: each model with its options, and CPython's modules.

/// A way to run the service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// The name of the variant.
    pub name: &'static str,
    /// The model: `threads`, `processes` or `coroutines`.
    pub model: &'static str,
    /// The flag that selects this variant in the demo, if it needs one.
    pub flag: Option<&'static str>,
    /// Whether CPython runs it.
    pub python: bool,
}

const fn ours(name: &'static str, model: &'static str, flag: &'static str) -> Variant {
    Variant { name, model, flag: Some(flag), python: false }
}

const fn pythons(name: &'static str, model: &'static str) -> Variant {
    Variant { name, model, flag: None, python: true }
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

/// The variants that CPython runs.
pub const PYTHON: [Variant; 3] = [
    pythons("Python's threading", "threads"),
    pythons("Python's multiprocessing", "processes"),
    pythons("Python's asyncio", "coroutines"),
];

impl Variant {
    /// Whether it runs on this system.
    pub fn is_here(&self) -> bool {
        cfg!(target_os = "linux") || self.model != "processes"
    }
}
