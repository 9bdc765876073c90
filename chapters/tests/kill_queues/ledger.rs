//! What happened to each item, in memory that the workers and the controller share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chapters::processes::shared::{LINE, Place, Shared, Words};

/// The maximum number of items in a run.
pub const ITEMS: usize = 1 << 22;

/// The index of the word that counts the items given out to putters.
const NEXT: usize = 0;
/// The index of the word that is 1 when the putters must stop.
const STOPPED: usize = 1;
/// The index of the first word that counts a worker's items.
const WORKER_ITEMS: usize = 2;

/// The amounts added to an item's word, one for each step.
pub const ABOUT_TO_PUT: u64 = 1;
pub const PUT: u64 = 1 << 8;
pub const DELIVERED: u64 = 1 << 16;
pub const DONE: u64 = 1 << 32;

#[derive(Clone)]
pub struct Ledger {
    words: Words,
}

/// How many items ended in each state.
#[derive(Debug, Default)]
pub struct Fates {
    pub delivered: u64,
    /// Certainly put, but never delivered.
    pub missing: u64,
    /// Never delivered, and their putter was killed at about the time of the `put`.
    pub perhaps_put: u64,
    /// Delivered to a getter that was killed before or while it called `task_done`.
    pub perhaps_done: u64,
}

impl Ledger {
    pub const WORDS: usize = LINE + ITEMS;

    pub fn new(memory: &Arc<Shared>) -> io::Result<Self> {
        Self::at(memory, memory.place(Self::WORDS)?)
    }

    pub fn at(memory: &Arc<Shared>, place: Place) -> io::Result<Self> {
        Ok(Self { words: memory.at(place, Self::WORDS)? })
    }

    pub fn place(&self) -> Place {
        self.words.place()
    }

    /// The number of a new item; `None` after [`stop`](Self::stop).
    pub fn next(&self) -> Option<u64> {
        if self.words[STOPPED].load(Ordering::SeqCst) == 1 {
            return None;
        }
        let item = self.words[NEXT].fetch_add(1, Ordering::SeqCst);
        assert!(item < ITEMS as u64, "the ledger is full");
        Some(item)
    }

    pub fn stop(&self) {
        self.words[STOPPED].store(1, Ordering::SeqCst);
    }

    pub fn note(&self, item: u64, what: u64) {
        self.item(item).fetch_add(what, Ordering::SeqCst);
    }

    pub fn count_item(&self, worker: usize) {
        self.words[WORKER_ITEMS + worker].fetch_add(1, Ordering::SeqCst);
    }

    pub fn items(&self, worker: usize) -> u64 {
        self.words[WORKER_ITEMS + worker].load(Ordering::SeqCst)
    }

    /// Counts the states. Fails if an item was delivered twice, or before it was put.
    pub fn fates(&self) -> Fates {
        let mut fates = Fates::default();
        for item in 0..self.words[NEXT].load(Ordering::SeqCst) {
            let word = self.item(item).load(Ordering::SeqCst);
            let (begun, put, delivered, done) = (word & 0xff, word >> 8 & 0xff, word >> 16 & 0xffff, word >> 32);
            assert!(delivered <= 1 && delivered <= begun && done <= delivered, "item {item}: {word:#x}");
            fates.delivered += delivered;
            match (delivered, put) {
                (0, 1) => fates.missing += 1,
                (0, _) => fates.perhaps_put += begun,
                _ => fates.perhaps_done += 1 - done,
            }
        }
        fates
    }

    fn item(&self, item: u64) -> &AtomicU64 {
        &self.words[LINE + item as usize]
    }
}
