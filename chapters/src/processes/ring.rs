//! Bytes in shared words, in frames: a ring, of which a [`Queue`](super::Queue) has one.
//!
//! It differs from a [`Journal`](super::journal) in that its frames have any length, and that it says nothing about what is
//! in it: where the first frame begins, and how many words all of them take, the queue keeps under its lock.

use std::sync::atomic::Ordering;

use super::shared::Words;

/// How many bytes a word has.
const WORD: usize = size_of::<u64>();

/// A row of words whose end is followed by its beginning. All orderings are relaxed, since who uses it holds a lock.
#[derive(Clone, Debug)]
pub struct Ring {
    words: Words,
}

impl Ring {
    /// The ring in these words.
    pub fn new(words: Words) -> Self {
        Self { words }
    }

    /// The memory that it lies in.
    #[cfg(test)]
    pub fn memory(&self) -> &std::sync::Arc<super::shared::Shared> {
        self.words.memory()
    }

    /// How many words it has.
    pub fn room(&self) -> u64 {
        self.words.len() as u64
    }

    /// How many words a frame of so many bytes takes: one that says how long it is, and the bytes.
    pub const fn frame(bytes: usize) -> u64 {
        1 + bytes.div_ceil(WORD) as u64
    }

    /// Writes a frame that begins `used` words after word `head`. There must be room for it.
    pub fn write(&self, head: u64, used: u64, bytes: &[u8]) {
        let first = head.wrapping_add(used);
        self.store(first, bytes.len() as u64);
        for (index, bytes) in (1..).zip(bytes.chunks(WORD)) {
            let mut word = [0; WORD];
            word[..bytes.len()].copy_from_slice(bytes);
            self.store(first.wrapping_add(index), u64::from_le_bytes(word));
        }
    }

    /// Reads the frame that begins at word `head`; nothing if there is none within `used` words, which only happens when
    /// somebody has written what is no frame.
    pub fn read(&self, head: u64, used: u64) -> Option<Vec<u8>> {
        let length = usize::try_from(self.load(head)).ok()?;
        if head >= self.room() || used > self.room() || length.div_ceil(WORD) as u64 >= used {
            return None;
        }
        let words = (1..Self::frame(length)).flat_map(|index| self.load(head + index).to_le_bytes());
        Some(words.take(length).collect())
    }

    fn store(&self, index: u64, word: u64) {
        self.words[self.place(index)].store(word, Ordering::Relaxed);
    }

    fn load(&self, index: u64) -> u64 {
        self.words[self.place(index)].load(Ordering::Relaxed)
    }

    fn place(&self, index: u64) -> usize {
        (index % self.room()) as usize
    }
}
