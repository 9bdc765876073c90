//! The tests, and the rooms that they share.

/// A table of functions with their names.
macro_rules! tests {
    ($($test:ident)*) => { &[$((stringify!($test), $test)),*] };
}

mod access;
mod client;
mod environment;
mod runs;
mod site;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use client::{Room, eventually, living};
use libtest_mimic::{Arguments, Trial};
use nix::sys::signal::{SigHandler, Signal, signal};

/// A test and its name.
type Test = (&'static str, fn());

/// The number of tests at once. They wait for most of their time.
const TEST_THREADS: usize = 4;

/// The room of this repository.
static THE_BOOK: Mutex<Option<Room>> = Mutex::new(None);

/// Open rooms of small books that no test uses.
static UNUSED: Mutex<Vec<Room>> = Mutex::new(Vec::new());

fn unused() -> MutexGuard<'static, Vec<Room>> {
    UNUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A room for one test. At its end no process of its runs may be left.
fn room() -> Lent {
    let unused = unused().pop();
    Lent(Some(unused.unwrap_or_else(Room::open)))
}

/// Does a test in the room of this repository, which is opened once.
fn with_the_book(test: impl FnOnce(&Room)) {
    let mut room = THE_BOOK.lock().unwrap_or_else(PoisonError::into_inner);
    test(room.get_or_insert_with(Room::open_for_the_book));
}

struct Lent(Option<Room>);

impl Deref for Lent {
    type Target = Room;

    fn deref(&self) -> &Room {
        self.0.as_ref().expect("the test still has it")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let room = self.0.take().expect("the test still has it");
        if !thread::panicking() {
            eventually("no process is left", || living(room.pid()).is_empty());
            unused().push(room);
        }
    }
}

/// Runs the tests that the arguments select.
pub fn main() -> ExitCode {
    // A shell that starts the tests in the background has SIGINT ignored, and the room would inherit that.
    for number in [Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: The handler isn't a function, which could run at an unsuitable moment.
        unsafe { signal(number, SigHandler::SigDfl) }.expect("the signal has a default action");
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let trial = |(name, test): &Test| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    };
    let short = [site::TESTS, access::TESTS, runs::TESTS, environment::TESTS].concat();
    let long = [access::LONG, runs::LONG].concat();
    let trials = short.iter().map(trial).chain(long.iter().map(|test| trial(test).with_ignored_flag(true)));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    unused().clear();
    THE_BOOK.lock().unwrap_or_else(PoisonError::into_inner).take();
    conclusion.exit_code()
}
