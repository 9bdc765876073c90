//! Items as bytes in shared words, in frames: a ring, of which every queue has one.
//!
//! It differs from a [`Journal`](super::super::service::record_ring) in that its frames have any length, and that it does not know where they
//! lie: that is in [`Frames`], which the queue keeps under its lock. So what is written or read counts when the lock is
//! given back, and not before.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bytemuck::{Pod, Zeroable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors::{GetError, PutError};
use crate::processes::os::shared::{LINE, Words};

/// How many bytes a word has.
const WORD: usize = size_of::<u64>();
/// How many bytes most items take at most: for these, memory is asked for once.
const SHORT: usize = 64;

/// A row of words whose end is followed by its beginning. All orderings are relaxed, since who uses it holds a lock.
#[derive(Clone, Debug)]
pub struct Ring {
    words: Words,
}

/// Where in a ring the frames lie. No sum is trusted, since processes that write nonsense into the memory are to cause
/// errors and no panics.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Frames {
    /// Where the first one begins.
    head: u64,
    /// How many words all of them take.
    used: u64,
    pub count: u64,
}

/// An item, as itself and as bytes.
pub struct Frame<T> {
    pub item: T,
    bytes: Vec<u8>,
}

impl<T> Frame<T> {
    /// One word says how long it is, and then come the bytes.
    fn words(&self) -> u64 {
        1 + self.bytes.len().div_ceil(WORD) as u64
    }
}

impl Ring {
    /// How many words a ring takes that has room for so many bytes.
    pub const fn words(bytes: usize) -> usize {
        if bytes == 0 { LINE } else { bytes.div_ceil(WORD).next_multiple_of(LINE) }
    }

    /// Creates the ring in these words.
    ///
    /// # Errors
    ///
    /// If there are none: a ring has at least one line.
    pub fn new(words: Words) -> io::Result<Self> {
        if words.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the shared memory has no queue at this place"));
        }
        Ok(Self { words })
    }

    /// The memory that it lies in.
    #[cfg(test)]
    pub fn memory(&self) -> &std::sync::Arc<crate::processes::os::shared::Shared> {
        self.words.memory()
    }

    /// Turns an item into bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be turned into bytes, or not into so few that there is ever room for them. It comes back.
    pub fn frame<T: Serialize>(&self, item: T) -> Result<Frame<T>, PutError<T>> {
        let bytes = match postcard::to_extend(&item, Vec::with_capacity(SHORT)) {
            Ok(bytes) => bytes,
            Err(error) => return Err(PutError::Unsendable(item, error.to_string())),
        };
        let room = (self.room() - 1) * WORD as u64;
        if bytes.len() as u64 > room {
            let reason = format!("it takes {} bytes where there is room for {room}", bytes.len());
            return Err(PutError::Unsendable(item, reason));
        }
        Ok(Frame { item, bytes })
    }

    /// Whether there is room for one more.
    pub fn has_room<T>(&self, frames: &Frames, frame: &Frame<T>) -> bool {
        self.has_words(frames, frame.words())
    }

    /// Whether there is no room, not even for an item of no bytes.
    pub fn is_full(&self, frames: &Frames) -> bool {
        !self.has_words(frames, 1)
    }

    fn has_words(&self, frames: &Frames, words: u64) -> bool {
        frames.count == 0 || frames.used.saturating_add(words) <= self.room()
    }

    /// Writes a frame behind the others. There must be room for it.
    #[inline]
    pub fn push<T>(&self, frames: &mut Frames, frame: &Frame<T>) {
        if frames.count == 0 {
            *frames = Frames::default();
        }
        let mut words = self.from(frames.head.wrapping_add(frames.used));
        let mut store = |word| words.next().expect("there is room").store(word, Ordering::Relaxed);
        store(frame.bytes.len() as u64);
        for bytes in frame.bytes.chunks(WORD) {
            let mut word = [0; WORD];
            word[..bytes.len()].copy_from_slice(bytes);
            store(u64::from_le_bytes(word));
        }
        frames.used += frame.words();
        frames.count = frames.count.saturating_add(1);
    }

    /// Takes out the first frame, of those that there are; nothing if it cannot be told where it ends, which only happens
    /// when somebody has written what is no frame.
    #[inline]
    pub fn pop(&self, frames: &mut Frames) -> Option<Vec<u8>> {
        let mut words = self.from(frames.head).map(|word| word.load(Ordering::Relaxed));
        let length = usize::try_from(words.next()?).ok()?;
        let taken = 1 + length.div_ceil(WORD) as u64;
        if frames.used > self.room() || taken > frames.used {
            return None;
        }
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let word = words.next()?.to_le_bytes();
            bytes.extend_from_slice(&word[..WORD.min(length - bytes.len())]);
        }
        frames.head = frames.head.wrapping_add(taken) % self.room();
        frames.used -= taken;
        frames.count -= 1;
        Some(bytes)
    }

    /// How many words it has.
    fn room(&self) -> u64 {
        self.words.len() as u64
    }

    /// The words from this one on, once around.
    fn from(&self, index: u64) -> impl Iterator<Item = &AtomicU64> {
        let (before, after) = self.words.split_at((index % self.room()) as usize);
        after.iter().chain(before)
    }
}

/// Turns bytes into an item.
///
/// # Errors
///
/// When they are none.
pub fn item<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, GetError> {
    match postcard::take_from_bytes(bytes) {
        Ok((item, [])) => Ok(item),
        _ => Err(GetError::Corrupt),
    }
}
