//! A child made by `fork` has copies of its parent's guards, but isn't the holder.

use std::cell::Cell;
use std::sync::Arc;

use chapters::processes::holder::Holder;
use chapters::processes::shared::Shared;
use chapters::processes::start::fork;
use chapters::processes::{Lock, RLock, Semaphore};

use crate::controller::WAIT_TIMEOUT;

/// Makes a child drop its copies, and checks that the parent still holds everything.
pub fn do_nothing() {
    let memory = Arc::new(Shared::new(256).expect("the system has memory to share"));
    let room = "there is room";
    let (lock, rlock) = (Lock::guarding(&memory, 1).expect(room), RLock::new(&memory).expect(room));
    let semaphore = Semaphore::new(&memory, 1).expect(room);

    let mut guard = lock.acquire();
    *guard = 2;
    let guard = Cell::new(Some(guard));
    let owned = Cell::new(Some(rlock.acquire()));
    let permit = Cell::new(Some(semaphore.acquire()));
    let me = (Holder::this_thread(), Holder::this_process());
    let child = fork::start(|| {
        assert_ne!(me, (Holder::this_thread(), Holder::this_process()), "the child is another process");
        drop((guard.take(), owned.take(), permit.take()));
        assert!(lock.try_acquire().is_none() && rlock.try_acquire().is_none() && semaphore.try_acquire().is_none());
    });
    let status = child.expect("the system has room for a process").wait();
    assert!(status.as_ref().is_ok_and(|status| status.success()), "{status:?}");
    assert!(lock.is_locked() && rlock.is_locked());
    assert_eq!(semaphore.available(), 0);

    drop((guard, owned, permit));
    let guard = lock.acquire_timeout(WAIT_TIMEOUT).expect("the lock is free");
    assert_eq!((*guard, guard.is_abandoned()), (2, false));
    assert!(!rlock.is_locked());
    assert_eq!(semaphore.available(), 1);
}
