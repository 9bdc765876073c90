//! Memory that several processes share, as a sequence of atomic words from which places are allocated.
//!
//! Memory that another process may write at any moment can't be an ordinary Rust value, because the borrow checker only
//! sees one process. Atomic words can be: a process that loads a word gets a value that some process stored there. The
//! types that are built on this module are safe code.
//!
//! Python's counterparts are `multiprocessing.Value` and `Array`, which allocate from such memory and add a lock, and
//! `multiprocessing.shared_memory`, which gives access to the bytes. A [`Place`] is the form in which a value is sent
//! to another process: a number that means the same in every process that maps the memory. A working engineer uses
//! `memmap2`, and also has to decide how processes may write the memory while others read it.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::stat::fstat;
use serde::{Deserialize, Serialize};

use super::holder::Holder;

/// The number of words in a *cache line*, the unit that processors move. Every [`Place`] begins with a new one, so that
/// processes that write neighboring places don't slow each other down.
pub const LINE: usize = 8;

/// The index of the word that counts the allocated words, including its own line.
const GIVEN: usize = 0;

/// The name of the memory, and its name in `/proc/PID/maps`.
const NAME: &str = "chapters";
const NAME_IN_MAPS: &str = "/memfd:chapters";

/// How many holders are remembered.
const MAX_KNOWN: usize = 1024;

/// The position of something in a [`Shared`] memory: a number that can be sent to any process that maps the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(u64);

impl Place {
    /// Returns the place `words` words further on, for types that consist of parts. A part takes whole lines.
    pub(in crate::processes) fn after(self, words: usize) -> Self {
        Self(self.0.saturating_add(words.next_multiple_of(LINE) as u64))
    }
}

/// A sequence of words, all zero at first, that exists as long as a process has it mapped or its descriptor open.
///
/// A child made by `fork` inherits the mapping. Any other process must be sent the file descriptor.
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
/// // In another process, which received the descriptor and the place:
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
    /// Holders that are known to map this memory.
    known: Mutex<HashSet<Holder>>,
}

// SAFETY: A `Shared` gives access to its words only as `&[AtomicU64]`, which may be used from any thread.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Creates memory from which `words` words can be allocated. A place takes whole lines of [`LINE`] words each.
    ///
    /// # Errors
    ///
    /// If the system lacks the memory or a file descriptor.
    // ANCHOR: new
    pub fn new(words: usize) -> io::Result<Self> {
        let memory = memfd_create(NAME, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
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

    /// Maps memory that another process created and sent.
    ///
    /// # Errors
    ///
    /// If `memory` isn't the descriptor of such memory, or the system refuses to map it.
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
        // SAFETY: The kernel picks an unused address range, and the mapping stays until `drop`.
        let start = unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, &memory, 0) }?;
        let words = bytes / size_of::<AtomicU64>();
        Ok(Self { start: start.cast(), words, memory: memory.into(), known: Mutex::default() })
    }

    /// Allocates `words` words that haven't been used before, all zero. They are never freed.
    ///
    /// # Errors
    ///
    /// If fewer words are left.
    pub fn place(&self, words: usize) -> io::Result<Place> {
        let end = |given: u64| (given as usize).checked_add(words.checked_next_multiple_of(LINE)?);
        // Garbage in this word must not cause an allocation of the words at the beginning, or one that doesn't start a
        // line.
        let whole = |given: &u64| *given >= LINE as u64 && given.is_multiple_of(LINE as u64);
        let grow = |given| end(Some(given).filter(whole)?).filter(|&end| end <= self.words).map(|end| end as u64);
        // Relaxed: the words are zero without a store, and no other process learns the place from this word.
        let given = self.words()[GIVEN].fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow);
        given.map(Place).map_err(|_| {
            let left = self.words.saturating_sub(self.given());
            io::Error::new(io::ErrorKind::StorageFull, format!("{words} words of shared memory asked for, {left} left"))
        })
    }

    /// Returns the `words` words at `place`, which a process that maps this memory [allocated](Self::place).
    ///
    /// # Errors
    ///
    /// If they weren't allocated, because the place belongs to other memory or was damaged on its way.
    pub fn at(self: &Arc<Self>, place: Place, words: usize) -> io::Result<Words> {
        let first = usize::try_from(place.0).unwrap_or(usize::MAX);
        let end = first.checked_add(words).filter(|&end| end <= self.given().min(self.words));
        if first < LINE || !first.is_multiple_of(LINE) || end.is_none() {
            let message = format!("no {words} words of this shared memory were given out at place {first}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Words { memory: Arc::clone(self), first, words })
    }

    /// Returns whether a live thread or process doesn't map this memory, so that it holds nothing there. Returns false if
    /// that can't be found out.
    fn is_unknown_to(&self, holder: Holder) -> bool {
        // In a child made by `fork`, a thread that doesn't exist there may have it locked.
        let Ok(mut known) = self.known.try_lock() else { return false };
        if known.contains(&holder) {
            return false;
        }
        let Ok(inode) = fstat(&self.memory).map(|stat| stat.st_ino) else { return false };
        match holder.maps(inode, NAME_IN_MAPS) {
            Some(true) => {
                if known.len() == MAX_KNOWN {
                    known.clear();
                }
                known.insert(holder);
                false
            }
            // This process maps the memory. If `/proc` doesn't say so, it says nothing about the other one, either.
            Some(false) => Holder::this_process().maps(inode, NAME_IN_MAPS) == Some(true),
            None => false,
        }
    }

    fn given(&self) -> usize {
        self.words()[GIVEN].load(Ordering::Relaxed) as usize
    }

    #[inline]
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: `start` is page-aligned and points to `words` words until `drop`; the file is sealed, so no process
        // can shorten it. Every process accesses them only as atomics, and any bits are a valid word.
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
        // SAFETY: This value owns the mapping, and borrows of it can't outlive it.
        let _ = unsafe { munmap(self.start.cast(), self.words * size_of::<AtomicU64>()) };
    }
}

/// The words at a [`Place`], and a reference to the [`Shared`] memory that contains them.
#[derive(Clone, Debug)]
pub struct Words {
    memory: Arc<Shared>,
    first: usize,
    words: usize,
}

impl Words {
    /// Returns the place of the words, to be sent to other processes that map the memory.
    pub fn place(&self) -> Place {
        Place(self.first as u64)
    }

    /// Returns the memory that contains the words.
    pub fn memory(&self) -> &Arc<Shared> {
        &self.memory
    }

    /// Returns whether `word`, which was read from this memory, names a holder that is dead, or none, although it isn't
    /// zero, or one that no process could have [written](super::holder#garbage).
    pub(in crate::processes) fn names_dead_holder(&self, word: u64) -> bool {
        let holder = Holder::in_word(word);
        word != 0 && (holder == Holder::NOBODY || holder.is_dead() || self.memory.is_unknown_to(holder))
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
