//! The book in a browser: what a reader sees and does, on pages of the real reading room and on pages that nobody serves.
//!
//! A few Chromiums, driven by chromedriver, open the pages one after another. After each promise the browser is asked
//! whether a page complained, or wanted something from elsewhere.

/// The functions, each with its name.
macro_rules! promises {
    ($($promise:ident)*) => { &[$((stringify!($promise), $promise)),*] };
}

mod driver;
mod labs;
mod pages;
#[path = "../common/programs.rs"]
mod programs;

use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use driver::{Browser, Fault, Programs};
use libtest_mimic::{Arguments, Trial};
use programs::skip;

/// Something that a reader may rely on, by its name.
type Promise = (&'static str, fn(&Browser) -> Fault);

/// How many browsers there are at once.
const BROWSERS: usize = 2;

/// Held by each promise while it is tried: by several at once, or by one alone that is measured.
static MACHINE: RwLock<()> = RwLock::new(());

/// Those that have been started and have nothing to do.
static IDLE: Mutex<Vec<Browser>> = Mutex::new(Vec::new());

fn idle() -> MutexGuard<'static, Vec<Browser>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does what a promise says in a browser, and asks afterwards what the pages complained of. A browser in which one was not
/// kept is not used again.
fn try_out(promise: fn(&Browser) -> Fault) -> Fault {
    let free = idle().pop();
    let browser = free.map_or_else(|| Browser::start(&Programs::find()?), Ok)?;
    promise(&browser)?;
    let complaints = browser.complaints()?;
    if !complaints.is_empty() {
        return Err(complaints.join("\n"));
    }
    idle().push(browser);
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(BROWSERS);
    let trial = |(name, promise): &Promise| {
        let promise = *promise;
        Trial::test(*name, move || {
            let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
            Ok(try_out(promise)?)
        })
    };
    let mut trials = vec![Trial::test("a_page_that_loads_something_from_elsewhere_is_found", || {
        Ok(pages::a_page_that_loads_something_from_elsewhere_is_found()?)
    })];
    match Programs::find() {
        Err(missing) if !arguments.list => skip(&missing, "nobody looks at the pages in a browser"),
        _ => {
            trials.extend(labs::PROMISES.iter().map(trial));
            let long = pages::LONG.iter().chain(labs::LONG);
            trials.extend(long.map(|promise| trial(promise).with_ignored_flag(true)));
            let alone = || {
                let _whole = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
                Ok(try_out(labs::measured)?)
            };
            trials.push(Trial::test("measured", alone).with_ignored_flag(true));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    idle().drain(..).for_each(Browser::close);
    conclusion.exit_code()
}
