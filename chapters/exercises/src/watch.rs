//! Checks an exercise whenever its file is saved, and shows the result, the hints, and how to continue with the next
//! exercise.
//!
//! On a terminal, it draws the whole screen again after each change and reads single keys. Elsewhere, it prints each result
//! below the last one and reads commands as lines.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::{Child, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use console::{Key, Term};

use crate::catalog::{EXERCISES, Exercise, Needs, find};
use crate::check::Outcome;
use crate::commands::{self, Desk, Stop};
use crate::compile::Libraries;

/// How often the files and the size of the terminal are checked for changes.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a file may be missing. Some editors remove a file before they write it again.
const ABSENT: Duration = Duration::from_millis(500);

/// The exit status after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// A version of a file: the time of the last change and the length. `None` if there's no file.
type Version = Option<(SystemTime, u64)>;

/// A request of the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    Hint,
    Next,
    Previous,
    List,
    Solution,
    Run,
    Reset,
    Quit,
    /// Ctrl-C. While an exercise is being checked, it's a signal, which ends the process.
    Interrupt,
    Nothing,
}

impl Ask {
    fn of(letter: char) -> Self {
        match letter {
            'h' => Self::Hint,
            'n' => Self::Next,
            'p' => Self::Previous,
            'l' => Self::List,
            's' => Self::Solution,
            'r' => Self::Run,
            'x' => Self::Reset,
            'q' => Self::Quit,
            _ => Self::Nothing,
        }
    }
}

struct Watch<'a> {
    desk: &'a Desk,
    /// The terminal, if there is one.
    term: Option<Term>,
    exercise: &'static Exercise,
    versions: HashMap<&'static str, Version>,
    /// The text below the progress bar.
    result: String,
    is_solved: bool,
    /// Hints, the list, or the message of a command.
    extra: String,
}

/// Checks exercises until the reader quits.
///
/// # Errors
///
/// When the terminal or the reader's progress can't be written.
pub fn watch(desk: &Desk) -> Result<ExitCode, Stop> {
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let remembered = desk.progress.current().and_then(|name| find(&name));
    let unsolved = EXERCISES.iter().find(|exercise| !desk.progress.is_solved(exercise.name));
    let exercise = remembered.or(unsolved).unwrap_or(&EXERCISES[0]);
    let mut watch = Watch {
        desk,
        term: is_terminal.then(Term::stdout),
        exercise,
        versions: HashMap::new(),
        result: String::new(),
        is_solved: false,
        extra: String::new(),
    };
    let (keys, more) = read_keys(is_terminal);
    watch.go_to(exercise)?;
    // While the reader works on the first exercises, cargo compiles what the later ones need.
    let mut later = if exercise.needs > Needs::Crates { None } else { compile_for_later() };
    let ended = watch.until_quit(&keys, &more);
    if let Some(cargo) = &mut later {
        // It has ended, or isn't needed any more.
        _ = cargo.kill().and_then(|()| cargo.wait().map(drop));
    }
    ended
}

fn compile_for_later() -> Option<Child> {
    Libraries::command(Needs::Book).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

/// Reads keys or lines on a thread. It reads the next one only after a message to the second channel, so that the terminal
/// is in its normal mode while the runner works.
fn read_keys(is_terminal: bool) -> (Receiver<Ask>, mpsc::Sender<()>) {
    let (sender, keys) = mpsc::channel();
    let (more, wanted) = mpsc::channel();
    thread::spawn(move || {
        let term = Term::stdout();
        let mut lines = io::stdin().lock().lines();
        for () in wanted {
            let ask = if is_terminal {
                match term.read_key_raw() {
                    Ok(Key::Char(letter)) => Ask::of(letter),
                    Ok(Key::CtrlC) => Ask::Interrupt,
                    Ok(_) => Ask::Nothing,
                    Err(_) => Ask::Quit,
                }
            } else {
                match lines.next() {
                    Some(Ok(line)) => line.trim().chars().next().map_or(Ask::Nothing, Ask::of),
                    Some(Err(_)) => Ask::Nothing,
                    None => Ask::Quit,
                }
            };
            if sender.send(ask).is_err() {
                break;
            }
        }
    });
    (keys, more)
}

impl Watch<'_> {
    fn until_quit(&mut self, keys: &Receiver<Ask>, more: &mpsc::Sender<()>) -> Result<ExitCode, Stop> {
        let mut size = self.size();
        // The thread that reads keys is there as long as the receiver is.
        _ = more.send(());
        loop {
            match keys.recv_timeout(PAUSE) {
                Ok(ask @ (Ask::Quit | Ask::Interrupt)) => return Ok(self.quit(ask)),
                Err(RecvTimeoutError::Disconnected) => return Ok(self.quit(Ask::Quit)),
                Ok(ask) => {
                    self.answer(ask)?;
                    _ = more.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(changed) = self.changed() {
                self.go_to(changed)?;
            }
            if self.size() != size {
                size = self.size();
                self.draw()?;
            }
        }
    }

    /// Says that nothing is lost, and returns the exit status.
    fn quit(&self, ask: Ask) -> ExitCode {
        println!("{} of {} are solved. Your progress is saved.", self.desk.solved(), EXERCISES.len());
        if ask == Ask::Interrupt { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS }
    }

    fn size(&self) -> Option<(u16, u16)> {
        self.term.as_ref().map(Term::size)
    }

    fn version(&self, exercise: &Exercise) -> Version {
        let file = fs::metadata(self.desk.file(exercise)).ok()?;
        Some((file.modified().ok()?, file.len()))
    }

    /// An exercise whose file was saved or removed.
    fn changed(&self) -> Option<&'static Exercise> {
        let is_changed = |exercise: &&Exercise| {
            let known = self.versions.get(exercise.name).copied().unwrap_or_default();
            self.version(exercise) != known
        };
        let changed = EXERCISES.iter().find(is_changed)?;
        if self.version(changed).is_none() {
            thread::sleep(ABSENT);
        }
        Some(changed)
    }

    /// Makes an exercise the current one, and checks it.
    fn go_to(&mut self, exercise: &'static Exercise) -> Result<(), Stop> {
        self.exercise = exercise;
        let cannot = |error: io::Error| format!("cannot write to .exercises: {error}");
        self.desk.progress.set_current(exercise.name).map_err(cannot)?;
        self.versions = EXERCISES.iter().map(|exercise| (exercise.name, self.version(exercise))).collect();
        self.extra.clear();
        if let Some(term) = &self.term {
            term.clear_screen()
                .and_then(|()| term.write_line(&format!("Checking {} ...", exercise.name)))
                .map_err(cannot)?;
        }
        let outcome = self.desk.check(exercise);
        self.is_solved = matches!(outcome, Ok(Outcome::Solved(_)));
        self.result = match outcome {
            Ok(outcome) => self.desk.report(exercise, &outcome),
            Err(reason) => format!("{}: can't be checked\n\n{reason}\n", exercise.name),
        };
        if self.is_solved {
            self.result += &commands::after(self.desk, exercise);
        }
        self.draw()
    }

    fn answer(&mut self, ask: Ask) -> Result<(), Stop> {
        self.extra.clear();
        match ask {
            Ask::Hint => {
                let count = self.exercise.hints.len();
                let shown = (self.desk.progress.hints(self.exercise.name) + 1).min(count);
                let cannot = |error: io::Error| format!("cannot write to .exercises: {error}");
                self.desk.progress.set_hints(self.exercise.name, shown).map_err(cannot)?;
                for (number, hint) in self.exercise.hints[..shown].iter().enumerate() {
                    _ = writeln!(self.extra, "Hint {} of {count}: {hint}", number + 1);
                }
            }
            Ask::Next => match self.desk.next(self.exercise) {
                Some(next) => return self.go_to(next),
                None => self.extra = "You have solved all other exercises.\n".to_owned(),
            },
            Ask::Previous => {
                let place = EXERCISES.iter().position(|exercise| exercise.name == self.exercise.name).unwrap_or(0);
                return self.go_to(&EXERCISES[place.saturating_sub(1)]);
            }
            Ask::List => self.extra = commands::listed(self.desk),
            Ask::Solution if self.is_solved => {
                let name = self.exercise.name;
                self.extra = format!(
                    "Our solution is chapters/exercises/solutions/{name}.rs. The page book/src/solutions.md explains it.\n"
                );
            }
            Ask::Solution => self.extra = "Solve the exercise first. Until then, there are hints.\n".to_owned(),
            Ask::Run => return self.go_to(self.exercise),
            Ask::Reset => {
                let said = commands::restore(self.desk, self.exercise).unwrap_or_else(|reason| reason);
                self.go_to(self.exercise)?;
                self.extra = format!("{said}\n");
            }
            Ask::Quit | Ask::Interrupt | Ask::Nothing => return Ok(()),
        }
        match self.term {
            Some(_) => self.draw(),
            None => {
                print!("{}", self.extra);
                flush()
            }
        }
    }

    /// Draws the screen, or prints what a screen would show.
    fn draw(&self) -> Result<(), Stop> {
        let exercise = self.exercise;
        let mut text = String::new();
        if self.term.is_some() {
            let width = self.size().map_or(80, |(_, width)| usize::from(width));
            text = format!("{}\n\n", bar(self.desk.solved(), EXERCISES.len(), width));
        }
        _ = writeln!(text, "{} · {} · {}\n", exercise.title(), exercise.level, self.desk.shown(exercise));
        text += &self.result;
        if !self.is_solved {
            _ = writeln!(text, "\nThe section about it: {}", exercise.section_at());
        }
        if !self.extra.is_empty() {
            _ = write!(text, "\n{}", self.extra);
        }
        let hints = exercise.hints.len();
        let hints = format!("h hint ({} of {hints} seen)", self.desk.progress.hints(exercise.name).min(hints));
        let first = if self.is_solved { "n next · s solution".to_owned() } else { hints };
        _ = writeln!(
            text,
            "\n{first} · l list · p previous{} · x reset · q quit",
            if self.is_solved { "" } else { " · n skip" }
        );
        if let Some(term) = &self.term {
            term.clear_screen().map_err(|error| format!("cannot write to the terminal: {error}"))?;
        }
        print!("{text}");
        flush()
    }
}

fn flush() -> Result<(), Stop> {
    io::stdout().flush().map_err(|error| Stop::Failed(format!("cannot write to the terminal: {error}")))
}

/// A progress bar of the terminal's width.
fn bar(solved: usize, all: usize, width: usize) -> String {
    let room = width.saturating_sub(20).clamp(1, 60);
    let filled = room * solved / all.max(1);
    format!("[{}{}] {solved} of {all}", "#".repeat(filled), "-".repeat(room - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fits_any_terminal() {
        assert_eq!(bar(0, 2, 0), "[-] 0 of 2");
        assert_eq!(bar(1, 2, 30), "[#####-----] 1 of 2");
        assert_eq!(bar(2, 2, 30), "[##########] 2 of 2");
    }
}
