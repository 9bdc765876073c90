//! Workers should count in memory that they share with the process that starts them. Those that are copies of it do,
//! but one that's started as a new program creates memory of its own and counts there.
//!
//! Make all of them count in the same memory, however they're started.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::{Shared, Words};
use chapters::processes::start::Child;

/// A worker that adds one to a word, `times` times. `word.memory()` is the memory with the word, and `word.place()` its position.
pub struct Counter {
    pub word: Words,
    pub times: u64,
}

impl Child for Counter {
    type Preparation = u64;

    fn pack(&self) -> io::Result<(u64, Vec<BorrowedFd<'_>>)> {
        Ok((self.times, Vec::new()))
    }

    fn unpack(times: u64, _: Vec<OwnedFd>) -> io::Result<Self> {
        let memory = Arc::new(Shared::new(1)?);
        let word = memory.at(memory.place(1)?, 1)?;
        Ok(Self { word, times })
    }

    fn run(self) {
        (0..self.times).for_each(|_| _ = self.word[0].fetch_add(1, Relaxed));
    }
}
