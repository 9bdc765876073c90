//! Runs each check on the book's solution and on other attempts, so that a check can neither be fooled nor refuse a correct
//! solution.
//!
//! The attempts at an exercise are in `attempts/NAME`. A check must accept each `right_*.rs`, and refuse each `wrong_*.rs`
//! with the words that the file states in a line `//! Refused: WORDS`. All attempts at an exercise are compiled as one
//! program, and each is checked in a process of its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use exercises::catalog::{EXERCISES, Exercise, Needs};
use exercises::check::{self, Outcome};
use exercises::compile::{self, Attempt, Compiled, Libraries};
use libtest_mimic::{Arguments, Trial};

/// The exercises whose attempts are checked in each run: one about futures, and one whose schedules are explored. Each takes
/// a compilation, and some wait until threads have been asleep for a while, so the others are for `cargo test -p exercises
/// --test attempts -- --ignored`.
const QUICK: [&str; 2] = ["quiet_client", "too_early"];

/// How often the tests whose names end in `_always` check each attempt. This environment variable is the number of times,
/// by default 20. `cargo test -p exercises --test attempts -- --ignored _always` runs them.
const REPEATS: &str = "EXERCISE_REPEATS";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial is a compilation, and then processes that are mostly asleep.
    arguments.test_threads.get_or_insert(4);
    let mut trials: Vec<Trial> = EXERCISES
        .iter()
        .map(|exercise| {
            let trial = Trial::test(exercise.name, || every_attempt_is_judged(exercise, "once", 1));
            trial.with_ignored_flag(!QUICK.contains(&exercise.name))
        })
        .collect();
    trials.extend(EXERCISES.iter().map(|exercise| {
        let judged = || every_attempt_is_judged(exercise, "always", repeats());
        let trial = Trial::test(format!("{}_always", exercise.name), judged);
        trial.with_ignored_flag(true)
    }));
    trials.push(Trial::test("every_exercise_has_attempts", every_exercise_has_attempts));
    trials.push(Trial::test("a_broken_file_has_the_compiler_s_message", a_broken_file_has_the_compiler_s_message));
    trials.push(Trial::test("a_file_that_is_not_text_is_reported", a_file_that_is_not_text_is_reported));
    trials.push(Trial::test("a_missing_file_is_reported", a_missing_file_is_reported));
    trials.push(Trial::test("an_exercise_that_exits_is_not_solved", an_exercise_that_exits_is_not_solved));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn repeats() -> usize {
    let repeats = std::env::var(REPEATS).ok();
    repeats.map_or(20, |repeats| repeats.parse().expect("EXERCISE_REPEATS is a number"))
}

/// The files with attempts at an exercise, and the words with which each is refused, if it must be.
fn attempts(exercise: &Exercise) -> Vec<(PathBuf, Option<String>)> {
    let folder = compile::root().join("chapters/exercises");
    let mut attempts = vec![(folder.join(format!("solutions/{}.rs", exercise.name)), None)];
    let mut others: Vec<PathBuf> = fs::read_dir(folder.join("attempts").join(exercise.name))
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    others.sort();
    for file in others {
        let text = fs::read_to_string(&file).expect("an attempt can be read");
        let words = text.lines().find_map(|line| line.strip_prefix("//! Refused: ")).map(str::to_owned);
        attempts.push((file, words));
    }
    attempts
}

/// How many other solutions and how many wrong attempts an exercise has at least.
const RIGHT: usize = 2;
const WRONG: usize = 4;

/// A check is only as good as the attempts that it was tried on.
fn every_exercise_has_attempts() -> Result<(), libtest_mimic::Failed> {
    let few = EXERCISES.iter().filter_map(|exercise| {
        let attempts = attempts(exercise);
        let count = |start: &str| attempts.iter().filter(|(file, _)| name(file).starts_with(start)).count();
        let (right, wrong) = (count("right_"), count("wrong_"));
        let others = attempts.len() - 1 - right - wrong;
        let is_enough = right >= RIGHT && wrong >= WRONG && others == 0;
        (!is_enough).then(|| format!("{}: {right} right, {wrong} wrong, and {others} others", exercise.name))
    });
    let few: Vec<String> = few.collect();
    match few.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "a folder in chapters/exercises/attempts has at least {RIGHT} files `right_*.rs` and {WRONG} files \
             `wrong_*.rs`, and no others:\n{}",
            few.join("\n")
        )
        .into()),
    }
}

/// The name of a file.
fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Both trials of an exercise may run at the same time, so each has a program of its own, whose name ends in `when`.
fn every_attempt_is_judged(exercise: &Exercise, when: &str, times: usize) -> Result<(), libtest_mimic::Failed> {
    if let Some(missing) = exercise.missing() {
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        // The test harness hides what `eprintln!` writes.
        _ = writeln!(io::stderr(), "SKIPPED: {}: {missing}", exercise.name);
        return Ok(());
    }
    let files = attempts(exercise);
    let attempts: Vec<Attempt<'_>> = files.iter().map(|(file, _)| Attempt { name: exercise.name, file }).collect();
    let libraries = Libraries::compile(exercise.needs)?;
    let program = match compile::compile(&format!("{}_attempts_{when}", exercise.name), &attempts, &libraries, false)? {
        Compiled::Program(program, _) => program,
        Compiled::Errors(messages) => return Err(messages.into()),
    };
    let mut faults = vec![];
    for (number, (file, words)) in files.iter().enumerate() {
        for _ in 0..times {
            if let Err(fault) = judge(file, words.as_deref(), check::run(&program, number)?) {
                faults.push(fault);
                break;
            }
        }
    }
    compile::clean(&program);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n\n").into()) }
}

/// Compares the outcome of a check with the expected one.
fn judge(file: &Path, words: Option<&str>, outcome: Outcome) -> Result<(), String> {
    let name = name(file);
    let is_wrong = name.starts_with("wrong_");
    match (outcome, words) {
        (Outcome::Solved(_), None) if !is_wrong => Ok(()),
        (Outcome::Wrong { report, .. }, Some(words)) if is_wrong && report.contains(words) => Ok(()),
        (_, None) if is_wrong => Err(format!("{name} has no line `//! Refused: WORDS` with words of the message")),
        (Outcome::Solved(_), _) if is_wrong => Err(format!("{name} passes, but must be refused")),
        (Outcome::Solved(_), _) => Err(format!("{name} states words, but only a file `wrong_*.rs` is refused")),
        (Outcome::Wrong { report, output }, Some(words)) if is_wrong => {
            Err(format!("{name} is refused without the words {words:?}:\n{report}\n{output}"))
        }
        (Outcome::Wrong { report, output }, _) => Err(format!("{name} is refused, but must pass:\n{report}\n{output}")),
        (outcome, _) => Err(format!("{name} must {}: {outcome:?}", if is_wrong { "be refused" } else { "pass" })),
    }
}

/// Checks a file with this text, as if it were the exercise `no_end`. One check at a time, because a process has one folder
/// for an exercise.
fn check_text(text: &[u8]) -> Result<Outcome, String> {
    static FOLDER: Mutex<()> = Mutex::new(());
    let _folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("no_end.rs");
    fs::write(&file, text).map_err(|error| error.to_string())?;
    check::check("no_end", &file, &Libraries::compile(Needs::Crates)?, false)
}

fn a_broken_file_has_the_compiler_s_message() -> Result<(), libtest_mimic::Failed> {
    match check_text(b"pub fn sum(numbers: u64) -> u64 { nonsense }")? {
        Outcome::DoesNotCompile(messages) if messages.contains("cannot find value `nonsense`") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn a_file_that_is_not_text_is_reported() -> Result<(), libtest_mimic::Failed> {
    match check_text(b"pub fn sum(numbers: u64) -> u64 { 1 } // \xff\xfe")? {
        Outcome::DoesNotCompile(messages) if messages.contains("UTF-8") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn a_missing_file_is_reported() -> Result<(), libtest_mimic::Failed> {
    match check::check("no_end", Path::new("no/such/file.rs"), &Libraries::compile(Needs::Crates)?, false)? {
        Outcome::Missing => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn an_exercise_that_exits_is_not_solved() -> Result<(), libtest_mimic::Failed> {
    match check_text(b"pub fn sum(_: impl Iterator<Item = u64>) -> u64 { std::process::exit(0) }")? {
        Outcome::Wrong { report, .. } if report.contains("std::process::exit") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
