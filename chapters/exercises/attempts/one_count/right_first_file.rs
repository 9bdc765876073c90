//! Takes the first file.

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
    type Preparation = (Place, u64);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        Ok(((self.word.place(), self.times), vec![self.word.memory().as_fd()]))
    }

    fn unpack((place, times): Self::Preparation, files: Vec<OwnedFd>) -> io::Result<Self> {
        let file = files.into_iter().next().ok_or_else(|| io::Error::other("the memory is missing"))?;
        let memory = Arc::new(Shared::map(file)?);
        Ok(Self { word: memory.at(place, 1)?, times })
    }

    fn run(self) {
        (0..self.times).for_each(|_| _ = self.word[0].fetch_add(1, Relaxed));
    }
}
