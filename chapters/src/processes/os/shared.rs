//! Memory that processes share: a row of atomic words, given out in places.
//!
//! What several processes may write at any moment cannot be an ordinary Rust value, since no borrow checker sees across
//! processes. Atomic words can: whoever stores one, everybody who loads it gets a word that somebody stored. All that is
//! built on top of this module is safe code.
//!
//! Python's counterparts are `multiprocessing.Value` and `Array`, which take room from such memory and put a lock beside
//! it, and `multiprocessing.shared_memory`, which gives the bare bytes. A [`Place`] is what the first two are sent as: a
//! number that means the same in every process that has the memory. A working engineer takes `memmap2`, and is alone
//! with the same question of what may be written there while others look.

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use serde::{Deserialize, Serialize};

/// How many words a processor moves at a time. Every [`Place`] begins with such a *cache line*, so that nobody is slowed
/// down by what others write next to it.
pub const LINE: usize = 8;

/// Which word counts the words given out, itself and its line included.
const GIVEN: usize = 0;

/// Where in a [`Shared`] memory something lies: a number that can be sent to any process that has the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(u64);

impl Place {
    /// The place so many words further on, for what is made of parts. A part takes whole lines.
    pub(in crate::processes) fn after(self, words: usize) -> Self {
        Self(self.0.saturating_add(words.next_multiple_of(LINE) as u64))
    }
}

/// A row of words, all zero at first, that lives as long as some process has it.
///
/// A child made by `fork` has it at once; any other process gets it by being sent the file descriptor.
///
/// ```
/// use std::os::fd::AsFd;
/// use std::sync::Arc;
/// use std::sync::atomic::Ordering::Relaxed;
/// use chapters::processes::shared::Shared;
///
/// # fn main() -> std::io::Result<()> {
/// let memory = Arc::new(Shared::new(16)?);
/// let place = memory.place(2)?;
/// memory.at(place, 2)?[1].store(42, Relaxed);
///
/// // What another process does that was sent the descriptor and the place:
/// let descriptor = memory.as_fd().try_clone_to_owned()?;
/// let elsewhere = Arc::new(Shared::map(descriptor)?);
/// assert_eq!(elsewhere.at(place, 2)?[1].load(Relaxed), 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Shared {
    start: NonNull<AtomicU64>,
    words: usize,
    memory: OwnedFd,
}

// SAFETY: a `Shared` gives out its words as `&[AtomicU64]` only, which may be used from any thread.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Makes memory in which `words` words can be given out: a place takes whole lines of [`LINE`] words each.
    ///
    /// # Errors
    ///
    /// When the system has no memory or no file descriptor for them.
    // ANCHOR: new
    pub fn new(words: usize) -> io::Result<Self> {
        let memory = memfd_create("chapters", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        let memory = File::from(memory);
        let words = words.checked_next_multiple_of(LINE).and_then(|words| words.checked_add(LINE));
        let bytes = words.and_then(|words| words.checked_mul(size_of::<AtomicU64>()));
        memory.set_len(bytes.ok_or(io::ErrorKind::OutOfMemory)? as u64)?;
        let fixed = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&memory, FcntlArg::F_ADD_SEALS(fixed))?;
        let shared = Self::map(memory.into())?;
        shared.words()[GIVEN].store(LINE as u64, Ordering::Relaxed);
        Ok(shared)
    }
    // ANCHOR_END: new

    /// Maps memory that another process made and sent.
    ///
    /// # Errors
    ///
    /// When `memory` is not the descriptor of such memory, or the system refuses to map it.
    pub fn map(memory: OwnedFd) -> io::Result<Self> {
        let seals = SealFlag::from_bits_retain(fcntl(&memory, FcntlArg::F_GET_SEALS)?);
        let memory = File::from(memory);
        let bytes = memory.metadata()?.len() as usize;
        let not_ours = || io::Error::new(io::ErrorKind::InvalidData, "not memory of a fixed size that can be shared");
        let length = NonZeroUsize::new(bytes).ok_or_else(not_ours)?;
        if !seals.contains(SealFlag::F_SEAL_SHRINK) || !bytes.is_multiple_of(LINE * size_of::<AtomicU64>()) {
            return Err(not_ours());
        }
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel picks a place that nothing else has; the mapping stays until `drop`.
        let start = unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, &memory, 0) }?;
        Ok(Self { start: start.cast(), words: bytes / size_of::<AtomicU64>(), memory: memory.into() })
    }

    /// Gives out `words` words that nobody has had before: all zero. They are never taken back.
    ///
    /// # Errors
    ///
    /// When there are not so many left.
    pub fn place(&self, words: usize) -> io::Result<Place> {
        let end = |given: u64| (given as usize).checked_add(words.checked_next_multiple_of(LINE)?);
        // Garbage in the memory must not give out the words at its beginning, or words that aren't a line's first.
        let whole = |given: &u64| *given >= LINE as u64 && given.is_multiple_of(LINE as u64);
        let grow = |given| end(Some(given).filter(whole)?).filter(|&end| end <= self.words).map(|end| end as u64);
        // Relaxed: the words are zero without anybody having written them, and nobody else learns the place from here.
        let given = self.words()[GIVEN].fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow);
        given.map(Place).map_err(|_| {
            let left = self.words.saturating_sub(self.given());
            io::Error::new(io::ErrorKind::StorageFull, format!("{words} words of shared memory asked for, {left} left"))
        })
    }

    /// The `words` words at `place`, which somebody who has this memory was [given](Self::place).
    ///
    /// # Errors
    ///
    /// When they were not given out: the place is one in other memory, or was garbled on its way.
    pub fn at(self: &Arc<Self>, place: Place, words: usize) -> io::Result<Words> {
        let first = usize::try_from(place.0).unwrap_or(usize::MAX);
        let end = first.checked_add(words).filter(|&end| end <= self.given().min(self.words));
        if first < LINE || !first.is_multiple_of(LINE) || end.is_none() {
            let message = format!("no {words} words of this shared memory were given out at place {first}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Words { memory: Arc::clone(self), first, words })
    }

    fn given(&self) -> usize {
        self.words()[GIVEN].load(Ordering::Relaxed) as usize
    }

    #[inline]
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: `start` is page-aligned and has `words` words behind it until `drop`: the file is sealed, so that
        // nobody can make it shorter. Every process sees them as atomics alone, and any bits are a valid word.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }
}

impl AsFd for Shared {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and borrows of it cannot outlive it.
        let _ = unsafe { munmap(self.start.cast(), self.words * size_of::<AtomicU64>()) };
    }
}

/// The words at a [`Place`], and a share in the memory that they lie in. See [`Shared`].
#[derive(Clone, Debug)]
pub struct Words {
    memory: Arc<Shared>,
    first: usize,
    words: usize,
}

impl Words {
    /// Where they lie, to be sent to others that have the memory.
    pub fn place(&self) -> Place {
        Place(self.first as u64)
    }

    /// The memory that they lie in.
    pub fn memory(&self) -> &Arc<Shared> {
        &self.memory
    }
}

impl Deref for Words {
    type Target = [AtomicU64];

    #[inline]
    fn deref(&self) -> &[AtomicU64] {
        &self.memory.words()[self.first..self.first + self.words]
    }
}

#[cfg(test)]
#[path = "tests/shared.rs"]
mod tests;
