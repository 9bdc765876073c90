//! Checks `in_order`.

use checks::{Check, Checks};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::in_order::map;

/// The checks.
pub const CHECKS: Checks =
    Checks::new(&[Check::new("Items are mapped by several threads, and some of them panic.", check)]);

/// How long an item waits for others. Items that work at the same time need almost none of it.
const LONG: Duration = Duration::from_millis(500);
/// How long an item waits for one too many.
const SHORT: Duration = Duration::from_millis(50);

/// The items' shared record of each other.
#[derive(Default)]
struct Seen {
    begun: Mutex<Begun>,
    changed: Condvar,
}

#[derive(Default)]
struct Begun {
    running: usize,
    most: usize,
    done: usize,
}

impl Seen {
    /// Works on an item: waits until `is_met` is true or the time is up, and returns whether it's true.
    fn work(&self, limit: Duration, is_met: impl Fn(&Begun) -> bool) -> bool {
        let mut begun = self.begun.lock().expect("no item panics here");
        begun.running += 1;
        begun.most = begun.most.max(begun.running);
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(begun, limit, |begun| !is_met(begun));
        let mut begun = waited.expect("no item panics here").0;
        let met = is_met(&begun);
        begun.running -= 1;
        begun.done += 1;
        self.changed.notify_all();
        met
    }
}

fn check() -> Result<(), String> {
    // A panic is expected, so its message isn't printed.
    panic::set_hook(Box::new(|_| ()));
    at_the_same_time()?;
    not_too_many()?;
    in_order()?;
    after_a_panic()
}

fn at_the_same_time() -> Result<(), String> {
    let seen = Seen::default();
    let together = map(3, vec![0, 1, 2], |_| seen.work(LONG, |begun| begun.most >= 3));
    if together.contains(&false) {
        return Err("With 3 workers, 3 items aren't worked on at the same time.".to_owned());
    }
    Ok(())
}

fn not_too_many() -> Result<(), String> {
    let seen = Seen::default();
    let too_many = map(2, vec![(); 8], |()| seen.work(SHORT, |begun| begun.most > 2));
    if too_many.contains(&true) {
        return Err("With 2 workers, more than 2 items are worked on at the same time.".to_owned());
    }
    Ok(())
}

fn in_order() -> Result<(), String> {
    let seen = Seen::default();
    let items: Vec<u64> = (0..6).collect();
    let results = map(2, items.clone(), |item| {
        let others_are_done = item > 0 || seen.work(LONG, |begun| begun.done == 5);
        if item > 0 {
            seen.work(LONG, |_| true);
        }
        (item, others_are_done)
    });
    if !results.iter().all(|(_, others_are_done)| *others_are_done) {
        return Err("With 2 workers, a long item holds up other items.".to_owned());
    }
    let results: Vec<u64> = results.into_iter().map(|(item, _)| item).collect();
    if results != items {
        return Err(format!("The results of the items {items:?} are in the order {results:?}."));
    }
    Ok(())
}

fn after_a_panic() -> Result<(), String> {
    let seen = Seen::default();
    let mapped = panic::catch_unwind(AssertUnwindSafe(|| {
        map(1, (0..4).collect(), |item| {
            if item == 1 {
                panic!("item 1 is bad");
            }
            seen.work(LONG, |_| true)
        })
    }));
    let Err(payload) = mapped else {
        return Err("The function panicked, and `map` returned.".to_owned());
    };
    if payload.downcast_ref() != Some(&"item 1 is bad") {
        return Err("`map` didn't panic with the payload of the function's panic.".to_owned());
    }
    match seen.begun.into_inner().expect("no item panics here").done {
        1 => Ok(()),
        done => Err(format!("Item 1 of 4 panicked, and {} items were started after it.", done - 1)),
    }
}
