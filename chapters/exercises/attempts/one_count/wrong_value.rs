//! Sends the number that was there, and counts in a memory of its own.
//! Refused: 0 by spawn

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::{Shared, Words};
use chapters::processes::start::Child;

/// A worker that adds one to a word, `times` times.
pub struct Counter {
    pub word: Words,
    pub times: u64,
}

impl Child for Counter {
    type Preparation = (u64, u64);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        Ok(((self.word[0].load(Relaxed), self.times), Vec::new()))
    }

    fn unpack((value, times): Self::Preparation, _: Vec<OwnedFd>) -> io::Result<Self> {
        let memory = Arc::new(Shared::new(1)?);
        let word = memory.at(memory.place(1)?, 1)?;
        word[0].store(value, Relaxed);
        Ok(Self { word, times })
    }

    fn run(self) {
        (0..self.times).for_each(|_| _ = self.word[0].fetch_add(1, Relaxed));
    }
}
