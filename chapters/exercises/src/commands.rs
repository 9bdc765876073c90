//! The commands that check or show exercises and then end.

use std::env;
use std::fmt::Write;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use console::style;

use crate::catalog::{EXERCISES, Exercise, find};
use crate::check::{self, Outcome};
use crate::compile::{self, Libraries};
use crate::progress::Progress;

/// Why a command couldn't do its work.
#[derive(Debug)]
pub enum Stop {
    /// The command line was wrong.
    Usage(String),
    /// Something that the command needs is missing.
    Failed(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// The reader's files and progress.
#[derive(Debug)]
pub struct Desk {
    /// The folder with the exercises.
    pub folder: PathBuf,
    /// What the reader has solved.
    pub progress: Progress,
    /// Whether to color messages.
    pub colors: bool,
}

/// The folder with the exercises that an environment variable names.
pub fn folder_in_environment() -> Option<PathBuf> {
    env::var_os("EXERCISES_FOLDER").map(PathBuf::from)
}

impl Desk {
    /// The exercises in a folder, or in the repository's.
    pub fn new(folder: Option<&Path>) -> Self {
        let state = folder.map_or_else(compile::root, Path::to_owned).join(".exercises");
        let folder = folder.map_or_else(
            || compile::root().join("chapters/exercises"),
            |folder| fs::canonicalize(folder).unwrap_or_else(|_| folder.into()),
        );
        Self { folder, progress: Progress::at(state), colors: console::colors_enabled() && io::stdout().is_terminal() }
    }

    /// The file of an exercise.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.folder.join(exercise.name).with_extension("rs")
    }

    /// The path of an exercise, as a reader would type it.
    pub fn shown(&self, exercise: &Exercise) -> String {
        let file = self.file(exercise);
        file.strip_prefix(compile::root()).unwrap_or(&file).display().to_string()
    }

    /// Checks an exercise and remembers whether it's solved.
    ///
    /// # Errors
    ///
    /// When the check can't be compiled or run.
    pub fn check(&self, exercise: &Exercise) -> Result<Outcome, String> {
        let file = self.file(exercise);
        let outcome = match (file.is_file(), exercise.missing()) {
            (false, _) => Outcome::Missing,
            (true, Some(how)) => Outcome::Unavailable(how),
            (true, None) => check::check(exercise.name, &file, &Libraries::compile(exercise.needs)?, self.colors)?,
        };
        let solved = matches!(outcome, Outcome::Solved(_));
        self.progress
            .set_solved(exercise.name, solved)
            .map_err(|error| format!("cannot write to .exercises: {error}"))?;
        Ok(outcome)
    }

    /// The exercise after `exercise` that isn't solved.
    pub fn next(&self, exercise: &Exercise) -> Option<&'static Exercise> {
        let place = EXERCISES.iter().position(|other| other.name == exercise.name)?;
        let others = EXERCISES[place + 1..].iter().chain(&EXERCISES[..place]);
        others.into_iter().find(|other| !self.progress.is_solved(other.name))
    }

    /// How many exercises are solved.
    pub fn solved(&self) -> usize {
        EXERCISES.iter().filter(|exercise| self.progress.is_solved(exercise.name)).count()
    }

    /// The result of a check in words.
    pub fn report(&self, exercise: &Exercise, outcome: &Outcome) -> String {
        let name = exercise.name;
        let paint = |text: &str, color: fn(console::StyledObject<String>) -> console::StyledObject<String>| {
            color(style(text.to_owned()).force_styling(self.colors)).to_string()
        };
        let not_yet = paint(&format!("{name}: not solved yet"), |it| it.yellow().bold());
        let mut text = String::new();
        match outcome {
            Outcome::Missing => {
                let file = self.shown(exercise);
                text = format!("{not_yet}\n\n{file} is missing. `reset {name}` restores the original.\n");
            }
            Outcome::Unavailable(how) => {
                text =
                    format!("{}\n\n{how}\n", paint(&format!("{name}: can't be checked here"), |it| it.yellow().bold()))
            }
            Outcome::DoesNotCompile(messages) => text = format!("{not_yet}\n\n{}\n", messages.trim_end()),
            Outcome::Wrong { report, output } => {
                _ = writeln!(text, "{not_yet}\n\n{report}");
                if !output.is_empty() {
                    _ = writeln!(text, "\nOutput of your code:\n\n{output}");
                }
            }
            Outcome::Solved(said) => {
                _ = writeln!(text, "{}", paint(&format!("{name}: solved"), |it| it.green().bold()));
                if !said.is_empty() {
                    _ = writeln!(text, "\n{said}");
                }
            }
        }
        text
    }
}

/// The exercise of this name.
fn named(name: &str) -> Result<&'static Exercise, Stop> {
    find(name).ok_or_else(|| {
        let names = EXERCISES.iter().map(|exercise| exercise.name);
        let close = nearest(name, names).map(|close| format!(" Did you mean {close}?")).unwrap_or_default();
        Stop::Usage(format!("there's no exercise {name}.{close} `list` shows all of them."))
    })
}

/// Says what a wrong command should have been.
pub fn unknown_command(word: &str) -> Stop {
    let commands = ["list", "run", "hint", "reset", "verify"];
    Stop::Usage(match (find(word), nearest(word, commands.into_iter())) {
        (Some(exercise), _) => format!("{word} is an exercise. Did you mean `run {}`?", exercise.name),
        (None, Some(close)) => {
            format!("can't understand {word:?}. Did you mean `{close}`? `--help` lists the commands.")
        }
        (None, None) => format!("can't understand {word:?}. `--help` lists the commands."),
    })
}

/// The name that differs the least from `name`, if it's similar.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = names.map(|other| (distance(name, other), other));
    let (distance, other) = distances.min()?;
    (distance <= 1 + name.chars().count() / 3).then_some(other)
}

/// How many letters have to be inserted, removed, or replaced to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for column in 0..other.len() {
            let replaced = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// Lists all exercises by chapter.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn list(desk: &Desk) -> Result<ExitCode, Stop> {
    print!("{}", listed(desk));
    Ok(ExitCode::SUCCESS)
}

/// The list of all exercises.
pub fn listed(desk: &Desk) -> String {
    let mut text = String::new();
    let mut chapter = "";
    let current = desk.progress.current();
    for exercise in EXERCISES {
        if exercise.chapter != chapter {
            chapter = exercise.chapter;
            _ = writeln!(text, "{}{}", if text.is_empty() { "" } else { "\n" }, exercise.title());
        }
        let mark = if desk.progress.is_solved(exercise.name) { "✓" } else { " " };
        let here = if current.as_deref() == Some(exercise.name) { "  <- you are here" } else { "" };
        _ = writeln!(text, "  {mark} {:<18}{:<8}{here}", exercise.name, exercise.level.to_string());
    }
    _ = writeln!(text, "\n{} of {} are solved.", desk.solved(), EXERCISES.len());
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Checks one exercise.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn run(desk: &Desk, name: &str) -> Result<ExitCode, Stop> {
    let exercise = named(name)?;
    let outcome = desk.check(exercise)?;
    print!("{}", desk.report(exercise, &outcome));
    if !matches!(outcome, Outcome::Solved(_)) {
        return Ok(ExitCode::FAILURE);
    }
    print!("{}", after(desk, exercise));
    Ok(ExitCode::SUCCESS)
}

/// Checks one exercise for the reading room: prints the result as a line of JSON.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn run_live(desk: &Desk, name: &str) -> Result<ExitCode, Stop> {
    let exercise = named(name)?;
    let outcome = desk.check(exercise)?;
    let solved = matches!(outcome, Outcome::Solved(_));
    let mut report = desk.report(exercise, &outcome);
    if solved {
        report += &after(desk, exercise);
    }
    println!("{{\"exercise\":{},\"solved\":{solved},\"report\":{}}}", json(name), json(&report));
    Ok(ExitCode::SUCCESS)
}

/// A text as JSON.
fn json(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => _ = write!(quoted, "\\{letter}"),
            letter if letter < ' ' => _ = write!(quoted, "\\u{:04x}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// What to look at after an exercise is solved.
pub fn after(desk: &Desk, exercise: &Exercise) -> String {
    let mut text = format!("\nOur solution: chapters/exercises/solutions/{}.rs\n", exercise.name);
    match desk.next(exercise) {
        Some(next) => _ = writeln!(text, "Next exercise: {}", next.name),
        None => text += "You have solved all exercises.\n",
    }
    text
}

/// Checks the solution of the book.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn run_solution(desk: &Desk, name: &str) -> Result<ExitCode, Stop> {
    let exercise = named(name)?;
    if let Some(how) = exercise.missing() {
        return Err(Stop::Failed(how));
    }
    let libraries = Libraries::compile(exercise.needs)?;
    let file = compile::root().join(format!("chapters/exercises/solutions/{}.rs", exercise.name));
    let outcome = check::check(exercise.name, &file, &libraries, desk.colors)?;
    print!("{}", desk.report(exercise, &outcome));
    Ok(if matches!(outcome, Outcome::Solved(_)) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows the next hint, or all hints.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn hint(desk: &Desk, name: &str, all: bool) -> Result<ExitCode, Stop> {
    let exercise = named(name)?;
    let count = exercise.hints.len();
    let shown = if all { count } else { (desk.progress.hints(name) + 1).min(count) };
    let first = if all { 0 } else { shown - 1 };
    for number in first..shown {
        println!("Hint {} of {count}: {}", number + 1, exercise.hints[number]);
    }
    desk.progress.set_hints(name, shown).map_err(|error| format!("cannot write to .exercises: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Restores the original of an exercise.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn reset(desk: &Desk, name: &str) -> Result<ExitCode, Stop> {
    println!("{}", restore(desk, named(name)?)?);
    Ok(ExitCode::SUCCESS)
}

/// Replaces the file of an exercise by the original, which git has, and says where the copy of the reader's file is.
///
/// # Errors
///
/// When git doesn't have the original, or a file can't be written.
pub fn restore(desk: &Desk, exercise: &Exercise) -> Result<String, String> {
    let (file, shown) = (desk.file(exercise), desk.shown(exercise));
    let mut git = Command::new("git");
    git.current_dir(compile::root()).arg("show").arg(format!("HEAD:chapters/exercises/{}.rs", exercise.name));
    let original =
        git.output().map_err(|error| format!("cannot start git, which has the original of {shown}: {error}"))?;
    if !original.status.success() {
        let reason = String::from_utf8_lossy(&original.stderr);
        return Err(format!("git doesn't have the original of {shown}: {}", reason.trim_end()));
    }
    let cannot = |error: io::Error| format!("cannot restore {shown}: {error}");
    let mut said = format!("{shown} is the original again.");
    if fs::read(&file).is_ok_and(|now| now != original.stdout) {
        let copy = desk.progress.keep(exercise.name, &file).map_err(cannot)?;
        let copy = copy.strip_prefix(compile::root()).unwrap_or(&copy);
        _ = write!(said, " Your version is in {}.", copy.display());
    }
    fs::write(&file, original.stdout).map_err(cannot)?;
    desk.progress.set_solved(exercise.name, false).map_err(cannot)?;
    Ok(said)
}

/// Checks all exercises.
///
/// # Errors
///
/// When the command line is wrong, or something that the command needs is missing.
pub fn verify(desk: &Desk) -> Result<ExitCode, Stop> {
    let (mut solved, mut skipped) = (0, 0);
    for exercise in EXERCISES {
        let outcome = desk.check(exercise)?;
        solved += usize::from(matches!(outcome, Outcome::Solved(_)));
        skipped += usize::from(matches!(outcome, Outcome::Unavailable(_)));
        let said = match outcome {
            Outcome::Solved(_) => "solved".to_owned(),
            Outcome::Wrong { .. } => "not solved yet".to_owned(),
            Outcome::DoesNotCompile(_) => "doesn't compile".to_owned(),
            Outcome::Missing => "is missing".to_owned(),
            Outcome::Unavailable(how) => format!("skipped. {how}"),
        };
        println!("{}: {said}", exercise.name);
    }
    println!("\n{solved} of {} are solved.", EXERCISES.len());
    Ok(if solved + skipped == EXERCISES.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_json() {
        assert_eq!(json("a \"b\" \\ c\n"), r#""a \"b\" \\ c\u000a""#);
    }

    #[test]
    fn a_misspelled_name_gets_a_suggestion() {
        let close = |name: &str| nearest(name, EXERCISES.iter().map(|exercise| exercise.name));
        assert_eq!(close("noend"), Some("no_end"));
        assert_eq!(close("there_an_back"), Some("there_and_back"));
        assert_eq!(close("xyzzy"), None);
        assert_eq!((distance("abc", "abc"), distance("", "abc"), distance("abx", "abc")), (0, 3, 1));
    }
}
