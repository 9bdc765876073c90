use std::panic::{self, AssertUnwindSafe};

use super::*;

#[test]
fn a_guard_that_lived_only_during_a_panic_does_not_abandon_the_lock() {
    struct Tidy<'a>(&'a Lock);
    impl Drop for Tidy<'_> {
        fn drop(&mut self) {
            drop(self.0.acquire());
        }
    }
    let lock = Lock::new();
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let _tidy = Tidy(&lock);
        panic::resume_unwind(Box::new("without the lock"));
    }));
    assert!(panicked.is_err());
    assert!(!lock.acquire().is_abandoned());
}
