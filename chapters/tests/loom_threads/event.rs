use loom::sync::atomic::AtomicUsize as Number;

use super::*;
use crate::broken::event_ as broken;
use crate::threads::Event;

/// Whoever waits for an event is woken, and sees what was done before it.
fn it_wakes_who_waits(wait: fn(&Event)) {
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

/// An event that is cleared at once wakes those who waited.
fn a_short_one_wakes_who_waited(wait: fn(&Event)) {
    explore("event: set and clear", 3, move || {
        let event = Arc::new(Event::new());
        let other = start(&event, wait);
        let waited = threads::waits(&event);
        event.set();
        event.clear();
        if !waited {
            event.set();
        }
        other.join().unwrap();
    });
}

#[test]
fn an_event_wakes_who_waits() {
    it_wakes_who_waits(Event::wait);
}

#[test]
fn a_short_event_wakes_who_waited() {
    a_short_one_wakes_who_waited(Event::wait);
}

#[test]
fn an_event_or_a_timeout_wakes_who_waits() {
    let in_time = Seen::default();
    let seen = in_time.clone();
    explore("event: a timeout", 3, move || {
        let event = Arc::new(Event::new());
        let other = start(&event, Event::set);
        let clock = thread::spawn(time_passes);
        let happened = event.wait_timeout(LONG);
        seen.note(happened);
        assert!(!happened || event.is_set());
        other.join().unwrap();
        clock.join().unwrap();
        assert!(event.wait_timeout(LONG));
    });
    in_time.both();
}

mod without {
    use super::*;

    #[test]
    fn a_look_inside_the_event_happens_in_between() {
        fails("deadlock", || it_wakes_who_waits(broken::wait_after_a_look_outside));
    }

    #[test]
    fn trusting_the_notification_a_short_event_is_missed() {
        fails("deadlock", || a_short_one_wakes_who_waited(broken::wait_for_the_flag));
    }
}
