//! Knows how far the workers count.
//! Refused: the count there is 1000

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::shared::{Place, Shared, Words};
use chapters::processes::start::Child;

/// A worker that adds one to a word, `times` times.
pub struct Counter {
    pub word: Words,
    pub times: u64,
}

impl Child for Counter {
    type Preparation = Place;

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        Ok((self.word.place(), vec![self.word.memory().as_fd()]))
    }

    fn unpack(place: Self::Preparation, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let memory = Arc::new(Shared::map(files.pop().ok_or(io::ErrorKind::InvalidData)?)?);
        let word = memory.at(place, 1)?;
        Ok(Self { word, times: 1_000 })
    }

    fn run(self) {
        (0..self.times).for_each(|_| _ = self.word[0].fetch_add(1, Relaxed));
    }
}
