use std::thread;

use super::*;

#[test]
fn outside_of_a_task_the_thread_is_the_owner() {
    let runtime = Runtime::CurrentThread.build().unwrap();
    let lock = RLock::new();
    let _guards = runtime.block_on(async { (lock.acquire().await, lock.acquire().await) });
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.try_acquire().is_none()));
    });
}

#[test]
fn a_task_stays_the_owner_when_it_moves_to_another_thread() {
    on_both_runtimes(async || {
        let lock = RLock::new();
        let first = lock.acquire().await;
        task::yield_now().await; // may continue on another thread
        let second = lock.try_acquire().expect("the task owns the lock");
        drop((first, second));
        assert!(!lock.is_locked());
    });
}
