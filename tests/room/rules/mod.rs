//! The rules, and the rooms in which they are tried.

/// The functions, each with its name.
macro_rules! promises {
    ($($promise:ident)*) => { &[$((stringify!($promise), $promise)),*] };
}

mod client;
mod gate;
mod runs;
mod shelf;

use std::ops::Deref;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use client::{Room, SECOND, descendants, within};
use libtest_mimic::{Arguments, Trial};

/// Something that whoever opens the room may rely on, by its name.
type Promise = (&'static str, fn());

/// Held by many who look at a room's memory, or by one who has all rooms build the book again.
static BUILDS: RwLock<()> = RwLock::new(());

/// Rooms that are open, and of which nobody wants anything.
static IDLE: Mutex<Vec<Room>> = Mutex::new(Vec::new());

fn idle() -> MutexGuard<'static, Vec<Room>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A room for one promise. Of its runs nothing must be left then, and the room is there for the next one.
fn room() -> Lent {
    let free = idle().pop();
    Lent(Some(free.unwrap_or_else(Room::open)))
}

struct Lent(Option<Room>);

impl Deref for Lent {
    type Target = Room;

    fn deref(&self) -> &Room {
        self.0.as_ref().expect("it is not given back yet")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let room = self.0.take().expect("it is not given back yet");
        if !thread::panicking() {
            within(SECOND, "no process is left", || descendants(room.pid()).is_empty());
            idle().push(room);
        }
    }
}

/// Tries what is wanted.
pub fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = |(name, promise): &Promise| {
        let promise = *promise;
        Trial::test(*name, move || {
            promise();
            Ok(())
        })
    };
    let short = shelf::PROMISES.iter().chain(gate::PROMISES).chain(runs::PROMISES).map(trial);
    let long = gate::LONG.iter().chain(runs::LONG).map(|promise| trial(promise).with_ignored_flag(true));
    let conclusion = libtest_mimic::run(&arguments, short.chain(long).collect());
    idle().clear();
    conclusion.exit_code()
}
