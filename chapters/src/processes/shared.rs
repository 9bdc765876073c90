//! Memory that processes share: a row of atomic words, and nothing else.
//!
//! What several processes may write at any moment cannot be an ordinary Rust value, since no borrow checker sees across
//! processes. Atomic words can: whoever stores one, everybody who loads it gets a word that somebody stored. All that is
//! built on top of this module is safe code.

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::AtomicU32;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// A row of words, all zero at first, that lives as long as some process has it.
///
/// A child made by `fork` has it at once; any other process gets it by being sent the file descriptor.
#[derive(Debug)]
pub struct Shared {
    start: NonNull<AtomicU32>,
    words: usize,
    memory: OwnedFd,
}

// SAFETY: a `Shared` gives out its words as `&[AtomicU32]` only, which may be used from any thread.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Makes `words` new words.
    ///
    /// # Errors
    ///
    /// When the system has no memory or no file descriptor for them.
    pub fn new(words: usize) -> io::Result<Self> {
        let memory = memfd_create("chapters", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        let memory = File::from(memory);
        memory.set_len((words * size_of::<AtomicU32>()) as u64)?;
        let fixed = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&memory, FcntlArg::F_ADD_SEALS(fixed))?;
        Self::map(memory.into())
    }

    /// Maps words that another process made and sent.
    ///
    /// # Errors
    ///
    /// When `memory` is not the descriptor of such words, or the system refuses to map them.
    pub fn map(memory: OwnedFd) -> io::Result<Self> {
        let seals = SealFlag::from_bits_retain(fcntl(&memory, FcntlArg::F_GET_SEALS)?);
        let memory = File::from(memory);
        let bytes = memory.metadata()?.len() as usize;
        let not_ours = || io::Error::new(io::ErrorKind::InvalidData, "not memory of a fixed size that can be shared");
        let length = NonZeroUsize::new(bytes).ok_or_else(not_ours)?;
        if !seals.contains(SealFlag::F_SEAL_SHRINK) || !bytes.is_multiple_of(size_of::<AtomicU32>()) {
            return Err(not_ours());
        }
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel picks a place that nothing else has; the mapping stays until `drop`.
        let start = unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, &memory, 0) }?;
        Ok(Self { start: start.cast(), words: bytes / size_of::<AtomicU32>(), memory: memory.into() })
    }
}

impl Deref for Shared {
    type Target = [AtomicU32];

    fn deref(&self) -> &[AtomicU32] {
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
        let _ = unsafe { munmap(self.start.cast(), self.words * size_of::<AtomicU32>()) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn two_mappings_of_the_same_memory_see_each_others_words() {
        let one = Shared::new(8).unwrap();
        let two = Shared::map(one.as_fd().try_clone_to_owned().unwrap()).unwrap();
        one[7].store(42, Ordering::Relaxed);
        assert_eq!(two[7].load(Ordering::Relaxed), 42);
        assert_eq!(two.len(), 8);
    }

    #[test]
    fn what_could_shrink_under_its_users_is_refused() {
        let file = memfd_create("chapters", MFdFlags::MFD_CLOEXEC).unwrap();
        assert!(Shared::map(file).is_err());
        let (reader, _writer) = io::pipe().unwrap();
        assert!(Shared::map(reader.into()).is_err());
    }

    #[test]
    fn nobody_can_change_the_size() {
        let shared = Shared::new(8).unwrap();
        let file = File::from(shared.as_fd().try_clone_to_owned().unwrap());
        assert!(file.set_len(4).is_err());
    }
}
