use super::*;

#[test]
fn everybody_is_told_and_whoever_comes_later_does_not_wait() {
    let event = Event::new();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| event.wait_timeout(LONG))).collect();
        event.set();
        event.set();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    });
    event.wait();
    event.clear();
    assert!(!event.wait_timeout(Duration::ZERO));
}

#[test]
fn an_event_that_is_cleared_at_once_has_woken_those_who_waited() {
    let event = Event::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| event.wait_timeout(LONG));
        until(|| event.happened.num_waiters() == 1);
        event.set();
        event.clear();
        assert!(waiter.join().unwrap());
    });
    assert!(!event.is_set());
}
