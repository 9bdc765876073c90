use super::*;

#[test]
fn the_predicate_is_called_before_and_after_the_timeout() {
    let (lock, condition) = (Lock::guarding(1), Condition::new());
    let mut calls = 0;
    let never = |_: &mut i32| {
        calls += 1;
        false
    };
    assert!(!condition.wait_for_timeout(lock.acquire(), SHORT, never).1);
    assert_eq!((calls, condition.num_waiters()), (2, 0));
}
