use std::os::fd::AsFd;
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, Stdio};

use nix::unistd::Pid;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn guarding<T: Pod>(value: T) -> Lock<T> {
    Lock::guarding(&Arc::new(Shared::new(Lock::<T>::WORDS).unwrap()), value).unwrap()
}

/// A lock in the same memory, mapped once more, as another process would have it.
fn elsewhere<T: Pod>(lock: &Lock<T>) -> Lock<T> {
    let memory = lock.words.memory().as_fd().try_clone_to_owned().unwrap();
    Lock::at(&Arc::new(Shared::map(memory).unwrap()), lock.place()).unwrap()
}

#[test]
fn only_the_next_holder_learns_of_a_panic_and_the_value_is_unchanged() {
    let lock = guarding(1);
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut guard = lock.acquire();
        *guard = 2;
        panic::resume_unwind(Box::new("while holding the lock"));
    }));
    assert!(panicked.is_err());
    let next = lock.try_acquire().unwrap();
    assert!(next.is_abandoned());
    assert_eq!(*next, 1);
    drop(next);
    assert!(!lock.acquire().is_abandoned());
}

#[test]
fn a_guard_that_came_and_went_during_a_panic_abandons_nothing() {
    struct Tidy<'a>(&'a Lock<u64>);
    impl Drop for Tidy<'_> {
        fn drop(&mut self) {
            *self.0.acquire() += 1;
        }
    }
    let lock = guarding(1);
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let _tidy = Tidy(&lock);
        panic::resume_unwind(Box::new("without the lock"));
    }));
    assert!(panicked.is_err());
    let next = lock.acquire();
    assert!(!next.is_abandoned());
    assert_eq!(*next, 2);
}

#[test]
fn a_value_of_any_length_comes_back_as_it_was() {
    let lock = guarding([0_u8; 21]);
    for turn in 1..20 {
        let mut guard = lock.acquire();
        assert_eq!(*guard, [turn - 1; 21]);
        *guard = [turn; 21];
    }
    assert_eq!(Lock::<()>::WORDS, LINE);
    assert_eq!(Lock::<[u64; 3]>::WORDS, LINE);
    assert_eq!(Lock::<[u64; 4]>::WORDS, 2 * LINE);
}

#[test]
fn what_was_only_read_is_not_written() {
    let lock = guarding(1);
    let valid = lock.words[VALID].load(Ordering::Relaxed);
    assert_eq!(*lock.acquire(), 1);
    assert_eq!(lock.words[VALID].load(Ordering::Relaxed), valid);
}

#[test]
fn asking_never_makes_it_look_locked() {
    let lock = guarding(());
    thread::scope(|scope| {
        for _ in 0..2 {
            let lock = elsewhere(&lock);
            scope.spawn(move || assert!((0..20_000).all(|_| !lock.is_locked())));
        }
    });
}

#[test]
fn garbage_that_no_holder_could_have_written_is_taken_over() {
    let mut stranger = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let stranger_holder = Holder::of(Pid::from_raw(stranger.id() as i32));
    assert!(!stranger_holder.is_dead());
    // Flags without a holder, no ID, the ID 1 of another start time, an ID that no thread has, and a process without the
    // memory.
    let word = stranger_holder.word();
    for garbage in [CONTENDED, 1 << 22, Holder::FLAGS, 1 << 40, 0xdead_beef << 32 | 1, u64::MAX, word, word | CONTENDED]
    {
        let lock = guarding(7);
        lock.words[STATE].store(garbage, Ordering::Relaxed);
        let guard = lock.acquire_timeout(LONG).unwrap_or_else(|| panic!("{garbage:x} is waited for"));
        assert!(guard.is_abandoned());
        assert_eq!(*guard, 7);
        drop(guard);
        assert!(!lock.is_locked());
    }
    assert!(!stranger_holder.is_dead(), "it was alive all the time");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// This is the garbage that can't be detected.
#[test]
fn a_live_thread_of_a_process_with_the_memory_is_waited_for() {
    let lock = guarding(());
    lock.words[STATE].store(Holder::this_process().word(), Ordering::Relaxed);
    assert!(lock.try_acquire().is_none());
    assert!(lock.acquire_timeout(3 * POLL_INTERVAL).is_none());
}
