use loom::sync::atomic::AtomicUsize as Number;

use super::*;
use crate::broken::event_ as broken;
use crate::threads::Event;

/// A thread that waits for an event wakes up, and sees what the other thread wrote before `set`.
fn set_wakes_the_waiter(wait: fn(&Event)) {
    explore("event: set", None, move || {
        let shared = Arc::new((Event::new(), Number::new(0)));
        let other = start(&shared, |(event, number)| {
            number.store(1, Relaxed);
            event.set();
        });
        wait(&shared.0);
        assert_eq!(shared.1.load(Relaxed), 1);
        other.join().unwrap();
    });
}

/// An event that is cleared right after it was set still wakes the thread that was waiting.
fn set_and_clear_wakes_the_waiter(wait: fn(&Event)) {
    explore("event: set and clear", 3, move || {
        let event = Arc::new(Event::new());
        let other = start(&event, wait);
        let waited = threads::has_waiter(&event);
        event.set();
        event.clear();
        if !waited {
            event.set();
        }
        other.join().unwrap();
    });
}

#[test]
fn an_event_wakes_the_waiter() {
    set_wakes_the_waiter(Event::wait);
}

#[test]
fn a_short_event_wakes_the_waiter() {
    set_and_clear_wakes_the_waiter(Event::wait);
}

#[test]
fn an_event_or_a_timeout_wakes_the_waiter() {
    explore_outcomes("event: a timeout", 3, &[false, true], move || {
        let event = Arc::new(Event::new());
        let other = start(&event, Event::set);
        let clock = thread::spawn(time_passes);
        let happened = event.wait_timeout(LONG);
        assert!(!happened || event.is_set());
        other.join().unwrap();
        clock.join().unwrap();
        assert!(event.wait_timeout(LONG));
        happened
    });
}

mod without {
    use super::*;

    #[test]
    fn checking_with_the_lock_the_event_is_missed() {
        fails("deadlock", || set_wakes_the_waiter(broken::wait_after_unlocked_check));
    }

    #[test]
    fn trusting_the_notification_a_short_event_is_missed() {
        fails("deadlock", || set_and_clear_wakes_the_waiter(broken::wait_for_the_flag));
    }
}
