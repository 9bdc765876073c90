//! Checks `kept_place`.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chapters::threads::{Barrier, Event};

use crate::kept_place::Kitchen;

/// The time limit for the cooks to meet in the kitchen, or for the next one to get in.
const LONG: Duration = Duration::from_secs(1);

pub fn check() -> Result<(), String> {
    let places = 2;
    let kitchen = Arc::new(Kitchen::new(places));
    if kitchen.cook(|| *kitchen.free.acquire()) != 1 {
        return Err("who cooks takes one place, and no more".to_owned());
    }
    // The panic is expected, so its message isn't printed.
    panic::set_hook(Box::new(|_| ()));
    let burnt = panic::catch_unwind(AssertUnwindSafe(|| kitchen.cook(|| panic!("the dish is burnt"))));
    let _ = panic::take_hook();
    if burnt.is_ok() {
        return Err("the panic of a cook is not for the kitchen to keep".to_owned());
    }
    let free = *kitchen.free.acquire();
    if free != places {
        return Err(format!("a cook has panicked, everybody is gone, and of {places} places {free} is free"));
    }
    all_cook_at_once(&kitchen, places)?;
    who_waits_is_told(&kitchen, places)
}

/// As many cooks as there are places are in the kitchen at one time.
fn all_cook_at_once(kitchen: &Arc<Kitchen>, places: usize) -> Result<(), String> {
    let together = Barrier::new(places);
    let met = thread::scope(|scope| {
        let cook = || kitchen.cook(|| together.wait_timeout(LONG).is_ok());
        let cooks: Vec<_> = (0..places).map(|_| scope.spawn(cook)).collect();
        cooks.into_iter().all(|cook| cook.join().expect("no cook panics"))
    });
    if met { Ok(()) } else { Err(format!("there are {places} places, and {places} cooks cannot cook at once")) }
}

/// A cook that finds the kitchen full gets in when another cook leaves.
fn who_waits_is_told(kitchen: &Arc<Kitchen>, places: usize) -> Result<(), String> {
    let (inside, leave) = (Arc::new(Barrier::new(places + 1)), Arc::new(Event::new()));
    for _ in 0..places {
        let (kitchen, inside, leave) = (Arc::clone(kitchen), Arc::clone(&inside), Arc::clone(&leave));
        thread::spawn(move || {
            kitchen.cook(|| {
                inside.wait().expect("all come");
                leave.wait();
            });
        });
    }
    inside.wait().expect("all come");
    let (done, cooked) = mpsc::channel();
    let theirs = Arc::clone(kitchen);
    thread::spawn(move || theirs.cook(|| done.send(()).expect("somebody listens")));
    leave.set();
    cooked.recv_timeout(LONG).map_err(|_| "all have left the kitchen, and who waits outside is not told".to_owned())
}
