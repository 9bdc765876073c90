//! Checks `in_order`.
//!
//! An item waits for others until they've come, or until all threads are blocked, so that none can come anymore. So nothing
//! depends on the speed of the machine.

use checks::threads;
use checks::{Check, Checks, message_of};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use super::in_order::map;

/// The checks.
pub const CHECKS: Checks =
    Checks::new(&[Check::new("Items are mapped by several threads, and some of them panic.", check)]);

/// How often the threads may be scheduled while they wait for each other.
const TIMES: u64 = 2_000;

/// The items' shared record of each other.
#[derive(Default)]
struct Seen {
    begun: Mutex<Begun>,
    changed: Condvar,
    /// The thread that calls `map`. It's unparked now and then, so a `park` may return for no reason.
    caller: OnceLock<thread::Thread>,
}

#[derive(Default)]
struct Begun {
    running: usize,
    most: usize,
    started: usize,
    done: usize,
    /// How often all threads were found blocked.
    halts: usize,
    is_over: bool,
    threads: Vec<thread::ThreadId>,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unpark(&self) {
        self.caller.get().into_iter().for_each(thread::Thread::unpark);
    }

    /// Works on an item: waits until `is_met` is true or nothing happens anymore, and returns whether it's true.
    fn work(&self, is_met: impl Fn(&Begun) -> bool) -> bool {
        self.unpark();
        let mut begun = self.lock();
        begun.running += 1;
        begun.started += 1;
        begun.most = begun.most.max(begun.running);
        let me = thread::current().id();
        if !begun.threads.contains(&me) {
            begun.threads.push(me);
        }
        self.changed.notify_all();
        let halts = begun.halts;
        let waited = self.changed.wait_while(begun, |begun| !is_met(begun) && begun.halts == halts);
        let mut begun = waited.unwrap_or_else(PoisonError::into_inner);
        let met = is_met(&begun);
        begun.running -= 1;
        begun.done += 1;
        self.changed.notify_all();
        met
    }
}

/// Calls `map` on a thread of its own, and lets the items go on whenever all threads are blocked.
fn watched<T: Send + 'static>(
    seen: &Arc<Seen>,
    mapping: impl FnOnce(&Seen) -> T + Send + 'static,
) -> Result<thread::Result<T>, String> {
    let mapping = thread::spawn({
        let seen = Arc::clone(seen);
        move || {
            _ = seen.caller.set(thread::current());
            seen.unpark();
            let result = panic::catch_unwind(AssertUnwindSafe(|| mapping(&seen)));
            seen.lock().is_over = true;
            result
        }
    });
    while threads::wait_until_others_are_blocked("`map`", TIMES, || seen.lock().is_over)? {
        if seen.lock().running == 0 {
            return Err("`map` doesn't end: its threads are blocked, and no item is being worked on.".to_owned());
        }
        seen.lock().halts += 1;
        seen.changed.notify_all();
    }
    mapping.join().map_err(|_| "`map` panicked.".to_owned())
}

/// The result of a call of `map` that mustn't panic.
fn mapped<T: Send + 'static>(seen: &Arc<Seen>, mapping: impl FnOnce(&Seen) -> T + Send + 'static) -> Result<T, String> {
    watched(seen, mapping)?.map_err(|_| "`map` panicked, and the function didn't.".to_owned())
}

/// The message of the function's panic.
const PANIC: &str = "item 1 is bad";

fn check() -> Result<(), String> {
    // This panic is expected, so it isn't reported.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            report(info);
        }
    }));
    at_the_same_time()?;
    not_too_many()?;
    in_order()?;
    few_items()?;
    after_a_panic()?;
    during_a_panic()
}

fn at_the_same_time() -> Result<(), String> {
    let together = mapped(&Arc::default(), |seen| map(3, vec![0, 1, 2], |_| seen.work(|begun| begun.most >= 3)))?;
    if together.contains(&false) {
        return Err("With 3 workers, 3 items aren't worked on at the same time.".to_owned());
    }
    Ok(())
}

fn not_too_many() -> Result<(), String> {
    let seen = Arc::default();
    let too_many = mapped(&seen, |seen| map(2, vec![(); 6], |()| seen.work(|begun| begun.most > 2)))?;
    if too_many.contains(&true) {
        return Err("With 2 workers, more than 2 items are worked on at the same time.".to_owned());
    }
    match seen.lock().threads.len() {
        ..=2 => Ok(()),
        threads => Err(format!("With 2 workers, {threads} threads call the function.")),
    }
}

fn in_order() -> Result<(), String> {
    let items: Vec<u64> = (0..6).collect();
    let results = mapped(&Arc::default(), |seen| {
        map(2, (0..6).collect(), |item| {
            let others_are_done = item > 0 || seen.work(|begun| begun.done == 5);
            if item > 0 {
                seen.work(|_| true);
            }
            (item, others_are_done)
        })
    })?;
    if !results.iter().all(|(_, others_are_done)| *others_are_done) {
        return Err("With 2 workers, a long item holds up other items.".to_owned());
    }
    let results: Vec<u64> = results.into_iter().map(|(item, _)| item).collect();
    // An item ends when the next one has been started, so two threads get every other item each.
    let alternating = mapped(&Arc::default(), |seen| {
        map(2, (0..6).collect(), |item| {
            seen.work(|begun| begun.started as u64 >= 6.min(item + 2));
            item
        })
    })?;
    for results in [results, alternating] {
        if results.len() != items.len() {
            return Err(format!(
                "`map` returns {} of {} results. The thread that called it was unparked while items were being worked on.",
                results.len(),
                items.len()
            ));
        }
        if results != items {
            return Err(format!("The results of the items {items:?} are in the order {results:?}."));
        }
    }
    Ok(())
}

/// There are fewer items than workers, or none.
fn few_items() -> Result<(), String> {
    for items in [vec![], vec![7]] {
        let copy = items.clone();
        let results = mapped(&Arc::default(), move |_| map(4, copy, |item: u32| 2 * item))?;
        let expected: Vec<u32> = items.iter().map(|item| 2 * item).collect();
        if results != expected {
            return Err(format!("With 4 workers and the items {items:?}, the results are {results:?}."));
        }
    }
    Ok(())
}

/// Whether `map` panicked with the payload of the function's panic.
fn compare<T>(result: thread::Result<T>) -> Result<(), String> {
    let Err(payload) = result else {
        return Err("The function panicked, and `map` returned.".to_owned());
    };
    match message_of(payload.as_ref()) {
        Some(PANIC) => Ok(()),
        _ => Err("`map` didn't panic with the payload of the function's panic.".to_owned()),
    }
}

fn after_a_panic() -> Result<(), String> {
    let seen = Arc::default();
    compare(watched(&seen, |seen| {
        map(1, (0..4).collect(), |item| {
            if item == 1 {
                panic!("{PANIC}");
            }
            seen.work(|_| true)
        })
    })?)?;
    match seen.lock().done {
        1 => Ok(()),
        done => Err(began_after(done)),
    }
}

/// One of the items that were done came before the one that panicked.
fn began_after(done: usize) -> String {
    match done {
        0 => "Item 1 of 4 panicked, and item 0 wasn't done before.".to_owned(),
        done => format!(
            "Item 1 of 4 panicked, and apart from item 0, another {} begun.",
            match done {
                2 => "item was".to_owned(),
                done => format!("{} items were", done - 1),
            }
        ),
    }
}

/// An item panics while another one is being worked on.
fn during_a_panic() -> Result<(), String> {
    let seen = Arc::default();
    compare(watched(&seen, |seen: &Seen| {
        map(2, (0..4).collect(), |item| {
            if item == 1 {
                // Item 0 has begun.
                let begun = seen.lock();
                drop(seen.changed.wait_while(begun, |begun| begun.running == 0 && begun.done == 0 && begun.halts == 0));
                panic!("{PANIC}");
            }
            // It goes on when all threads are blocked, so after the panic.
            seen.work(|_| false)
        })
    })?)?;
    let begun = seen.lock();
    match (begun.running, begun.done) {
        (0, 1) => Ok(()),
        (0, done) => Err(began_after(done)),
        (_, _) => Err("`map` panicked while an item was still being worked on.".to_owned()),
    }
}
