//! The words that workers and the controller share.

use std::process;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::Words;

/// The index of the word that is set when an invariant is violated.
const FAILED: usize = 0;
/// The index of the word that counts how many times a process learned that the last holder had died.
const ABANDONED: usize = 1;
/// The index of the first word that counts a worker's iterations.
const ITERATIONS: usize = 2;

/// Words in memory that all processes share.
#[derive(Debug)]
pub struct Board(pub Words);

impl Board {
    pub fn words(workers: usize) -> usize {
        ITERATIONS + workers
    }

    /// Checks an invariant: if it doesn't hold, reports `what` and aborts.
    pub fn holds(&self, holds: bool, what: &str) {
        if !holds {
            self.0[FAILED].store(1, Relaxed);
            eprintln!("process {}: {what}", process::id());
            process::abort();
        }
    }

    pub fn has_failed(&self) -> bool {
        self.0[FAILED].load(Relaxed) != 0
    }

    /// Counts a report of a dead holder.
    pub fn count_abandoned(&self, abandoned: bool) {
        self.0[ABANDONED].fetch_add(abandoned.into(), Relaxed);
    }

    pub fn abandoned(&self) -> u64 {
        self.0[ABANDONED].load(Relaxed)
    }

    /// Counts an iteration of a worker, together with those of its predecessors in the same place.
    pub fn count_iteration(&self, worker: usize) {
        self.0[ITERATIONS + worker].fetch_add(1, Relaxed);
    }

    pub fn iterations(&self) -> Vec<u64> {
        self.0[ITERATIONS..].iter().map(|iterations| iterations.load(Relaxed)).collect()
    }
}
