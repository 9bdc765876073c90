use super::*;

const LONG: Duration = Duration::from_secs(120);

#[test]
fn garbage_in_place_of_the_owner_is_taken_over() {
    for owner in [Holder::FLAGS, Holder::this_thread().word() | 1 << 31, u64::MAX] {
        let lock = RLock::new(&Arc::new(Shared::new(RLock::WORDS).unwrap())).unwrap();
        *lock.hold.acquire() = Hold { owner: bytemuck::cast(owner), depth: 3 };
        assert!(lock.is_locked());
        assert!(lock.acquire_timeout(LONG).expect("it is taken over").is_abandoned());
        assert!(!lock.is_locked());
    }
}
