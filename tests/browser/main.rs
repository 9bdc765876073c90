//! The book in a browser: what a reader sees and does, on pages of the real reading room and on pages that nobody serves.
//!
//! A few Chromiums, driven by chromedriver, each with a room of its own, open the pages one after another. After each promise
//! the browser is asked whether a page complained, or wanted something from elsewhere.

mod driver;
mod labs;
mod pages;
#[path = "../common/programs.rs"]
mod programs;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use driver::{Browser, Programs};
use labs::Promise;
use libtest_mimic::{Arguments, Failed, Trial};
use programs::skip;

/// How many browsers there are at once.
const BROWSERS: usize = 2;

/// Those that have been started and have nothing to do.
struct Idle {
    programs: Programs,
    browsers: Mutex<Vec<Browser>>,
}

impl Idle {
    fn browsers(&self) -> MutexGuard<'_, Vec<Browser>> {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what a promise says in a browser, and asks afterwards what the pages complained of.
    fn try_out(&self, promise: fn(&Browser) -> driver::Fault) -> driver::Fault {
        let idle = self.browsers().pop();
        let browser = idle.map_or_else(|| Browser::start(&self.programs), Ok)?;
        let kept = promise(&browser).and_then(|()| match browser.complaints()? {
            complaints if complaints.is_empty() => Ok(()),
            complaints => Err(complaints.join("\n")),
        });
        self.browsers().push(browser);
        kept
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(BROWSERS);
    let programs = match Programs::find() {
        Ok(programs) => programs,
        Err(missing) => {
            skip(missing, "nobody looks at the pages in a browser");
            return ExitCode::SUCCESS;
        }
    };
    let idle = Arc::new(Idle { programs, browsers: Mutex::default() });
    let trial = |(name, promise): Promise| {
        let idle = Arc::clone(&idle);
        Trial::test(name, move || idle.try_out(promise).map_err(Failed::from))
    };
    let mut trials = vec![
        Trial::test("a_page_that_loads_something_from_elsewhere_is_found", || {
            Ok(pages::a_page_that_loads_something_from_elsewhere_is_found()?)
        }),
        trial((
            "every_page_is_readable_on_a_phone_by_keyboard_and_offline",
            pages::every_page_is_readable_on_a_phone_by_keyboard_and_offline,
        )),
    ];
    trials.extend(labs::PROMISES.iter().copied().map(trial));
    trials.push(
        trial((
            "every_page_is_readable_on_a_desk_by_keyboard_and_offline",
            pages::every_page_is_readable_on_a_desk_by_keyboard_and_offline,
        ))
        .with_ignored_flag(true),
    );
    trials.extend(labs::LONG.iter().copied().map(|promise| trial(promise).with_ignored_flag(true)));
    let conclusion = libtest_mimic::run(&arguments, trials);
    idle.browsers().drain(..).for_each(Browser::close);
    conclusion.exit_code()
}
