//! The book in a browser, used as by a reader: in the reading room, and opened from disk.
//!
//! The tests drive Chromium, and the essential ones also Firefox and WebKitGTK. At the end of each test, Chromium's console
//! must be empty, and no page may have sent a request to another host.

/// A table of functions with their names.
macro_rules! tests {
    ($($test:ident)*) => { &[$((stringify!($test), $test)),*] };
}

mod driver;
mod engine;
mod exercises;
mod labs;
mod pages;
mod scheduler;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use driver::{Browser, Fault};
use engine::{Engine, Programs};
use libtest_mimic::{Arguments, Trial};

/// A test and its name.
type Test = (&'static str, fn(&Browser) -> Fault);

/// The number of browsers at once.
const BROWSERS: usize = 2;

/// Browsers that no test uses.
static UNUSED: Mutex<Vec<Browser>> = Mutex::new(Vec::new());

fn unused() -> MutexGuard<'static, Vec<Browser>> {
    UNUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test in a browser, and checks the browser's console at its end. After a failure the browser isn't used again.
fn try_out(engine: Engine, test: fn(&Browser) -> Fault) -> Fault {
    let unused = {
        let mut all = unused();
        all.iter().position(|it| it.engine() == engine).map(|index| all.swap_remove(index))
    };
    let browser = unused.map_or_else(|| Browser::start(&Programs::find(engine)?), Ok)?;
    let tried = test(&browser).and_then(|()| match browser.complaints()? {
        complaints if complaints.is_empty() => Ok(()),
        complaints => Err(complaints.join("\n")),
    });
    match tried {
        Ok(()) => self::unused().push(browser),
        Err(_) => browser.close(),
    }
    tried
}

/// Reports that nothing was tested because a program is missing. In CI that is a failure.
fn skip(missing: &str) {
    assert!(env::var_os("CI").is_none(), "{missing} is not installed");
    // The test harness hides what `eprintln!` writes.
    let _ = writeln!(io::stderr(), "SKIPPED: {missing} is not installed, so no page is tested in a browser");
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(BROWSERS);
    let trial = |engine: Engine, (name, test): &Test| {
        let test = *test;
        let name = if engine == Engine::Chromium { (*name).to_owned() } else { format!("{engine}::{name}") };
        Trial::test(name, move || Ok(try_out(engine, test)?))
    };
    let mut trials = vec![Trial::test("a_page_that_loads_something_from_elsewhere_is_found", || {
        Ok(pages::a_page_that_loads_something_from_elsewhere_is_found()?)
    })];
    match Programs::find(Engine::Chromium) {
        Err(missing) if !arguments.list => skip(&missing),
        _ => {
            let trial = |test| trial(Engine::Chromium, test);
            trials.extend(labs::TESTS.iter().chain(scheduler::TESTS).map(trial));
            let long = pages::LONG.iter().chain(labs::LONG).chain(scheduler::LONG).chain(exercises::LONG);
            trials.extend(long.map(|test| trial(test).with_ignored_flag(true)));
        }
    }
    for engine in [Engine::Firefox, Engine::WebKit] {
        match Programs::find(engine) {
            Err(missing) if arguments.ignored || arguments.include_ignored => skip(&missing),
            _ => {
                let essential = labs::ESSENTIAL.iter().chain(scheduler::ESSENTIAL);
                trials.extend(essential.map(|test| trial(engine, test).with_ignored_flag(true)));
            }
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    unused().drain(..).for_each(Browser::close);
    conclusion.exit_code()
}
