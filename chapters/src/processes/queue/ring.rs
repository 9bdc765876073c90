//! A ring buffer of serialized items in shared memory, which both kinds of queue use.
//!
//! Each item is a frame: a word with its length, and then its bytes. Unlike the frames of a
//! [`RecordRing`](super::super::service::record_ring), these can have any length, and the ring doesn't record where they
//! are. [`Frames`] does, as part of the value that the queue's lock guards. So writing or reading a frame takes effect
//! when the lock is released, and not before.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use bytemuck::{Pod, Zeroable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors::{GetError, PutError};
use crate::processes::os::shared::{LINE, Words};

/// The size of a word, in bytes.
const WORD: usize = size_of::<u64>();
/// The capacity that a serialized item starts with, in bytes. Most items fit, so that they need one allocation.
const SHORT: usize = 64;

/// A ring of words. All orderings are relaxed, because the ring is only used with the queue's lock held.
#[derive(Clone, Debug)]
pub struct Ring {
    words: Words,
}

/// The position of the frames in a ring. The arithmetic assumes nothing about these numbers, so a process that corrupts
/// the memory causes errors rather than panics.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Frames {
    /// The index of the first frame's first word.
    head: u64,
    /// The number of words that all frames take.
    used: u64,
    pub count: u64,
}

/// An item and its serialized bytes.
pub struct Frame<T> {
    pub item: T,
    bytes: Vec<u8>,
}

impl<T> Frame<T> {
    /// Returns the size of the frame in words: one for the length, and then the bytes.
    fn words(&self) -> u64 {
        1 + self.bytes.len().div_ceil(WORD) as u64
    }
}

impl Ring {
    /// Returns the size in words of a ring with room for `bytes` bytes.
    pub const fn words(bytes: usize) -> usize {
        if bytes == 0 { LINE } else { bytes.div_ceil(WORD).next_multiple_of(LINE) }
    }

    /// Creates a ring that uses these words.
    ///
    /// # Errors
    ///
    /// If `words` is empty. A ring has at least one cache line.
    pub fn new(words: Words) -> io::Result<Self> {
        if words.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the shared memory has no queue at this place"));
        }
        Ok(Self { words })
    }

    /// The memory that contains the ring.
    #[cfg(test)]
    pub fn memory(&self) -> &std::sync::Arc<crate::processes::os::shared::Shared> {
        self.words.memory()
    }

    /// Serializes an item.
    ///
    /// # Errors
    ///
    /// If the item can't be serialized, or its frame is larger than the ring. The error contains the item.
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

    /// Returns whether there is room for `frame`.
    pub fn has_room<T>(&self, frames: &Frames, frame: &Frame<T>) -> bool {
        self.has_words(frames, frame.words())
    }

    /// Returns whether the ring lacks room even for an item of zero bytes.
    pub fn is_full(&self, frames: &Frames) -> bool {
        !self.has_words(frames, 1)
    }

    fn has_words(&self, frames: &Frames, words: u64) -> bool {
        frames.count == 0 || frames.used.saturating_add(words) <= self.room()
    }

    /// Writes a frame after the others. There must be room for it.
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

    /// Removes the first frame and returns its bytes. There must be a frame. Returns `None` if its length is invalid,
    /// which only happens if a process has written something else to the memory.
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

    /// Returns the size of the ring in words.
    fn room(&self) -> u64 {
        self.words.len() as u64
    }

    /// Returns the words from `index` on, once around the ring.
    fn from(&self, index: u64) -> impl Iterator<Item = &AtomicU64> {
        let (before, after) = self.words.split_at((index % self.room()) as usize);
        after.iter().chain(before)
    }
}

/// Deserializes an item.
///
/// # Errors
///
/// If the bytes aren't a serialized `T`.
pub fn item<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, GetError> {
    match postcard::take_from_bytes(bytes) {
        Ok((item, [])) => Ok(item),
        _ => Err(GetError::Corrupt),
    }
}
