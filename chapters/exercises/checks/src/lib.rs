//! Runs the checks of an exercise in order, and reports the first one that fails, so that a reader knows what to change.
//!
//! The report goes to a file rather than to standard output, which belongs to the exercise. A check has passed only if
//! it is in the report: an exercise that ends the process hasn't passed anything. The runner ends a check that doesn't end
//! by itself.

#[cfg(feature = "broker")]
pub mod broker;
pub mod gate;
#[cfg(feature = "book")]
pub mod schedules;
#[cfg(feature = "book")]
pub mod service;
pub mod threads;

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::env;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::{self, ExitCode};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// One check: a title, and a function that returns the fault.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    title: &'static str,
    run: fn() -> Result<(), String>,
    hang: &'static str,
}

impl Check {
    /// A check with a title that describes what it does, as a sentence.
    pub const fn new(title: &'static str, run: fn() -> Result<(), String>) -> Self {
        Self { title, run, hang: "" }
    }

    /// Adds what is probably wrong if the check never ends.
    pub const fn or_hangs(mut self, why: &'static str) -> Self {
        self.hang = why;
        self
    }
}

/// All checks of an exercise.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    list: &'static [Check],
    child: Option<fn() -> Option<ExitCode>>,
}

impl Checks {
    /// These checks.
    pub const fn new(list: &'static [Check]) -> Self {
        Self { list, child: None }
    }

    /// Adds a function that does the work of a child process, if this process was started as one.
    pub const fn with_child(mut self, child: fn() -> Option<ExitCode>) -> Self {
        self.child = Some(child);
        self
    }
}

/// A file and its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    /// The path, as the compiler knows it.
    pub path: &'static str,
    /// The whole text.
    pub text: &'static str,
}

/// The file that's being checked, and the file with the check.
static FILES: OnceLock<[Text; 2]> = OnceLock::new();

/// The file that's being checked, and the file with the check.
pub(crate) fn files() -> [Text; 2] {
    FILES.get().copied().unwrap_or_default()
}

/// The first line of the exercise with this word, as `PATH:LINE`. Comments don't count.
pub fn line_with(word: &str) -> Option<String> {
    let [Text { path, text }, _] = files();
    let code = |line: &str| line.split("//").next().unwrap_or_default().contains(word);
    text.lines().position(code).map(|line| format!("{path}:{}", line + 1))
}

/// The remarks of the checks about a solution that passes.
static SUMMARY: Mutex<String> = Mutex::new(String::new());

/// Adds a line to the report about a solution that passes.
pub fn say(line: &str) {
    let mut summary = SUMMARY.lock().unwrap_or_else(PoisonError::into_inner);
    _ = writeln!(summary, "{line}");
}

/// Runs the checks on a file. `check` is the file with the checks.
pub fn main(checks: &Checks, attempt: Text, check: Text) -> ExitCode {
    if let Some(status) = checks.child.and_then(|child| child()) {
        return status;
    }
    _ = FILES.set([attempt, check]);
    // The runner may be killed.
    #[cfg(target_os = "linux")]
    {
        _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    }
    install_panic_hook();
    for (number, check) in checks.list.iter().enumerate() {
        run(check, number, checks.list.len());
    }
    // Most faults show without spurious wakeups, in a shorter schedule. So all checks are tried without them first.
    #[cfg(feature = "book")]
    for number in schedules::begin_with_spurious_wakeups() {
        run(&checks.list[number], number, checks.list.len());
    }
    #[cfg(feature = "book")]
    schedules::summary().lines().for_each(say);
    let said = SUMMARY.lock().unwrap_or_else(PoisonError::into_inner).clone();
    report(&format!("@solved\n{said}"));
    leave(0)
}

/// Runs a check, and reports if it fails.
fn run(check: &Check, number: usize, count: usize) {
    let heading = match count {
        1 => format!("The check failed. {}", check.title),
        count => format!("Check {} of {count} failed. {}", number + 1, check.title),
    };
    report(&format!("@check {heading}\n@hang {}\n", check.hang));
    #[cfg(feature = "book")]
    schedules::at(number);
    match panic::catch_unwind(AssertUnwindSafe(check.run)) {
        Ok(Ok(())) => {}
        Ok(Err(wrong)) => fail(&wrong),
        Err(payload) => fail(&ended_by_panic(payload.as_ref())),
    }
}

/// The report of a panic that reached the check. `fail` adds where it began, unless the check expected it there.
fn ended_by_panic(payload: &(dyn Any + Send)) -> String {
    let is_shown = !PANICS.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    match message_of(payload) {
        _ if is_shown => "A panic ended the check:".to_owned(),
        Some(message) => format!("A panic ended the check. Its message is {message:?}."),
        None => "A panic ended the check. It has no message.".to_owned(),
    }
}

/// The message of a panic.
pub fn message_of(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// A number of things, in words.
pub fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The line with a `todo!()` that the exercise has reached, in a sentence.
fn unwritten() -> Option<String> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    let (place, _) = panics.iter().find_map(|panic| panic.split_once(": not yet implemented"))?;
    let place = place.rsplit(", ").next()?;
    Some(format!("{place} isn't written yet. See hint 1."))
}

/// Reports that a check has failed, and ends the process.
pub(crate) fn fail(wrong: &str) -> ! {
    if let Some(unwritten) = unwritten() {
        report(&format!("@failed\n{unwritten}\n"));
        leave(1);
    }
    let mut text = format!("@failed\n{wrong}\n");
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut shown: Vec<&String> = vec![];
    for panic in panics.iter() {
        if shown.len() < MOST_PANICS && !shown.contains(&panic) {
            _ = writeln!(text, "\n{panic}");
            shown.push(panic);
        }
    }
    report(&text);
    leave(1)
}

/// Reports that the exercise broke a promise, and ends the process. It's for places that can't return an error.
pub fn violated(what: &str) -> ! {
    fail(what)
}

/// Ends the process, whatever its threads are doing.
fn leave(status: i32) -> ! {
    _ = io::stdout().flush();
    process::exit(status)
}

/// Adds to the report.
fn report(text: &str) {
    static REPORT: Mutex<Option<File>> = Mutex::new(None);
    let mut file = REPORT.lock().unwrap_or_else(PoisonError::into_inner);
    if file.is_none() {
        let path = env::var_os("EXERCISE_REPORT");
        *file = path.and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
    }
    // Without the file, for example in a debugger, the report is of no use to anyone but the reader.
    match &mut *file {
        Some(file) => _ = file.write_all(text.as_bytes()),
        None => eprint!("{text}"),
    }
}

/// The payload of a panic that a check expects.
struct Expected;

/// Panics in a way that isn't reported.
pub fn expected_panic() -> ! {
    panic::panic_any(Expected)
}

thread_local! {
    /// Whether the next panic of the thread is part of the check.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the next panic of the calling thread out of the report, because a job of the check is about to panic.
pub fn expect_panic() {
    EXPECTED.set(true);
}

/// How many panics a report shows.
const MOST_PANICS: usize = 3;

/// The panics, in words.
static PANICS: Mutex<Vec<String>> = Mutex::new(vec![]);

/// Remembers the panics, with the line of the exercise.
fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        if info.payload().is::<Expected>() || EXPECTED.take() {
            return;
        }
        let message = info.payload_as_str().unwrap_or("a panic without a message");
        if message == "panic in a destructor during cleanup" {
            // That's what the library says after the panic in the destructor, before it ends the process.
            return;
        }
        let file = files()[0].path;
        let place = match info.location() {
            Some(at) if at.file() == file => format!("{file}:{}", at.line()),
            at => line_of_the_exercise(file).unwrap_or_else(|| at.map(ToString::to_string).unwrap_or_default()),
        };
        let who = match thread::current().name() {
            None | Some("main") => String::new(),
            Some(name) => format!("thread {name}, "),
        };
        let panic = format!("{who}{place}: {message}");
        let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        // A second panic may end the process, for example one in a destructor that the first one has called.
        if panics.len() < MOST_PANICS {
            report(&format!("@panic {}\n", panic.replace('\n', "\n@panic ")));
        }
        panics.push(panic);
    }));
}

/// The innermost line of the exercise in the call stack.
fn line_of_the_exercise(file: &str) -> Option<String> {
    let stack = Backtrace::force_capture().to_string();
    let place =
        stack.lines().find_map(|line| line.trim().strip_prefix("at ")?.trim_start_matches("./").strip_prefix(file));
    let line = place?.trim_start_matches(':').split(':').next()?;
    Some(format!("{file}:{line}"))
}
