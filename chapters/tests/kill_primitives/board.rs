//! What workers and conductor write down for each other.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chapters::processes::shared::{Place, Shared, Words};

/// How long anybody waits for anything. What takes longer hangs.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Which word says that something does not hold that should.
const FAILED: usize = 0;
/// Which word counts how often somebody was told that the last holder died.
const TOLD: usize = 1;
/// Where the words of the workers begin, which count their turns.
const TURNS: usize = 2;

/// Words that everybody has.
#[derive(Clone, Debug)]
pub struct Board(Words);

impl Board {
    pub fn words(workers: usize) -> usize {
        TURNS + workers
    }

    pub fn new(memory: &Arc<Shared>, workers: usize) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::words(workers))?, workers)
    }

    pub fn at(memory: &Arc<Shared>, place: Place, workers: usize) -> io::Result<Self> {
        Ok(Self(memory.at(place, Self::words(workers))?))
    }

    pub fn place(&self) -> Place {
        self.0.place()
    }

    /// Holds the scene to something.
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

    /// Counts it if somebody was told of a death.
    pub fn tell(&self, abandoned: bool) {
        self.0[TOLD].fetch_add(abandoned.into(), Relaxed);
    }

    pub fn told(&self) -> u64 {
        self.0[TOLD].load(Relaxed)
    }

    /// Counts a turn of a worker, and of those that had its place before.
    pub fn turn(&self, worker: usize) {
        self.0[TURNS + worker].fetch_add(1, Relaxed);
    }

    pub fn turns(&self) -> Vec<u64> {
        self.0[TURNS..].iter().map(|turns| turns.load(Relaxed)).collect()
    }
}
