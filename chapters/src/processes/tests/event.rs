use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn event() -> Event {
    Event::new(&Arc::new(Shared::new(Event::WORDS).unwrap())).unwrap()
}

#[test]
fn everybody_is_told_and_whoever_comes_later_does_not_wait() {
    let event = event();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| event.wait_timeout(LONG))).collect();
        event.set();
        event.set();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    });
    event.wait();
    event.clear();
    event.clear();
    assert!(!event.is_set());
    assert!(!event.wait_timeout(Duration::ZERO));
}

#[test]
fn an_event_that_is_cleared_at_once_has_woken_those_who_waited() {
    let event = event();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| event.wait_timeout(LONG));
        while event.happened.waiting() == 0 {
            thread::yield_now();
        }
        event.set();
        event.clear();
        assert!(waiter.join().unwrap());
    });
    assert!(!event.is_set());
}

#[test]
fn those_who_wait_find_it_set_though_nobody_told_them() {
    let event = event();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| event.wait_timeout(LONG));
        while event.happened.waiting() == 0 {
            thread::yield_now();
        }
        event.make(true);
        assert!(waiter.join().unwrap());
    });
}
