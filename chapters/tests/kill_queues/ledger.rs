//! What became of each item, in memory that the workers and the conductor share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chapters::processes::shared::{LINE, Place, Shared, Words};

/// How many items there can be in a performance.
pub const ITEMS: usize = 1 << 22;

/// Which word counts the items that somebody was about to put.
const NEXT: usize = 0;
/// Which word is 1 when nobody is to put any more.
const STOPPED: usize = 1;
/// Where the workers' numbers of turns begin.
const TURNS: usize = 2;

/// What is added to an item's word.
pub const ABOUT_TO_PUT: u64 = 1;
pub const PUT: u64 = 1 << 8;
pub const DELIVERED: u64 = 1 << 16;
pub const DONE: u64 = 1 << 32;

#[derive(Clone)]
pub struct Ledger {
    words: Words,
}

/// How many items have which fate, at the end.
#[derive(Debug, Default)]
pub struct Fates {
    pub delivered: u64,
    /// Put for certain, and delivered to nobody.
    pub missing: u64,
    /// About to be put by somebody who was killed, and delivered to nobody.
    pub perhaps_put: u64,
    /// Delivered to somebody who was killed before it could say that the task is done, or just then.
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

    /// A new item's number; none once nobody is to put any more.
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

    pub fn turn(&self, worker: usize) {
        self.words[TURNS + worker].fetch_add(1, Ordering::SeqCst);
    }

    pub fn turns(&self, worker: usize) -> u64 {
        self.words[TURNS + worker].load(Ordering::SeqCst)
    }

    /// Fails if an item was delivered twice, or before it was put.
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
