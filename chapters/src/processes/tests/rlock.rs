use std::mem;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn rlock() -> RLock {
    RLock::new(&Arc::new(Shared::new(RLock::WORDS).unwrap())).unwrap()
}

#[test]
fn the_next_owner_learns_of_a_death_and_the_depth_starts_again() {
    let lock = rlock();
    let ways: [fn(&RLock) -> RLockGuard; 2] = [
        |lock| lock.acquire_timeout(LONG).unwrap(),
        |lock| loop {
            // The system takes a moment to forget a thread.
            if let Some(guard) = lock.try_acquire() {
                break guard;
            }
        },
    ];
    for way in ways {
        thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|_| mem::forget(lock.acquire())));
        });
        assert!(lock.is_locked());
        assert!(way(&lock).is_abandoned());
        assert!(!lock.is_locked());
        assert!(!lock.acquire().is_abandoned());
    }
}

#[test]
fn garbage_in_place_of_the_owner_is_taken_over() {
    for owner in [Holder::FLAGS, Holder::this_thread().word() | 1 << 31, u64::MAX] {
        let lock = rlock();
        *lock.hold.acquire() = Hold { owner: bytemuck::cast(owner), depth: 3 };
        assert!(lock.is_locked());
        assert!(lock.acquire_timeout(LONG).expect("it is taken over").is_abandoned());
        assert!(!lock.is_locked());
    }
}
