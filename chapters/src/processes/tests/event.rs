use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);

fn event() -> Event {
    Event::new(&Arc::new(Shared::new(Event::WORDS).unwrap())).unwrap()
}

#[test]
fn waiters_poll_for_a_flag_that_was_set_without_a_notification() {
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
