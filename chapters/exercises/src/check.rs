//! Checks one file: compiles it together with its check, runs the program, and says what happened.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::compile::{self, Attempt, Compiled, Libraries};
use crate::watchdog::Watchdog;

/// The compiler's errors if a library is missing, was compiled by another compiler, or has changed.
const MISFITS: [&str; 4] = ["E0460", "E0462", "E0463", "E0514"];

/// How many lines of the exercise's own output are shown.
const OUTPUT_LINES: usize = 20;

/// The result of a check.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// The file isn't there.
    Missing,
    /// A program that the exercise needs isn't there.
    Unavailable(String),
    /// The compiler's messages.
    DoesNotCompile(String),
    /// The fault, and the output of the exercise.
    Wrong {
        /// Which check failed, and why.
        report: String,
        /// The output of the exercise.
        output: String,
    },
    /// The remarks of the check.
    Solved(String),
}

/// Checks a file.
///
/// # Errors
///
/// When the check can't be compiled or run.
pub fn check(name: &str, file: &Path, libraries: &Libraries, colors: bool) -> Result<Outcome, String> {
    if !file.is_file() {
        return Ok(Outcome::Missing);
    }
    let text = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    if let Err(error) = std::str::from_utf8(&text) {
        let line = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        let shown = file.strip_prefix(compile::root()).unwrap_or(file).display();
        let message = format!(
            "{shown}:{line}: this isn't valid UTF-8. Save the file as UTF-8, or restore it with `reset {name}`."
        );
        return Ok(Outcome::DoesNotCompile(message));
    }
    let attempts = [Attempt { name, file }];
    let mut compiled = compile::compile(name, &attempts, libraries, colors)?;
    if matches!(&compiled, Compiled::Errors(messages) if MISFITS.iter().any(|code| messages.contains(code))) {
        Libraries::forget();
        compiled = compile::compile(name, &attempts, &Libraries::compile(libraries.needs())?, colors)?;
    }
    match compiled {
        Compiled::Errors(messages) => Ok(Outcome::DoesNotCompile(messages)),
        Compiled::Program(program, warnings) => {
            let outcome = run(&program, 0);
            compile::clean(&program);
            Ok(match outcome? {
                Outcome::Wrong { report, output } if !warnings.is_empty() => {
                    Outcome::Wrong { report: format!("{report}\n\n{}", warnings.trim_end()), output }
                }
                outcome => outcome,
            })
        }
    }
}

/// Runs the check of one attempt in a process of its own, because the attempt may never end, or end the process.
///
/// # Errors
///
/// When the check can't be run.
pub fn run(program: &Path, attempt: usize) -> Result<Outcome, String> {
    let cannot = |error: io::Error| format!("cannot run the check: {error}");
    let report = program.with_file_name(format!("report-{attempt}"));
    _ = fs::remove_file(&report);
    let mut command = Command::new(program);
    command.env("EXERCISE_REPORT", &report).env("EXERCISE_ATTEMPT", attempt.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(cannot)?;
    let printed = [
        child.stdout.take().map(|stream| thread::spawn(|| read(stream))),
        child.stderr.take().map(|stream| thread::spawn(|| read(stream))),
    ];
    let mut watchdog = Watchdog::new(child.id());
    let mut shown = Shown::default();
    let end = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break Ok(status);
        }
        if let Some(why) = watchdog.look() {
            break Err(why);
        }
        shown.update(&report);
        thread::sleep(Duration::from_millis(5));
    };
    drop(shown);
    if end.is_err() || watchdog.has_children() {
        kill_group(child.id());
    }
    if end.is_err() {
        child.kill().and_then(|()| child.wait()).map_err(cannot)?;
    }
    let printed = printed.into_iter().flatten().map(|reader| reader.join().unwrap_or_default());
    let output = printed.collect::<Vec<_>>().concat();
    let said = fs::read(&report).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
    Ok(outcome(&said, end, shorten(&output)))
}

/// How often the progress of a check is shown.
const PAUSE: Duration = Duration::from_millis(200);

/// The progress of a check on the terminal, in a line that disappears at the end. Elsewhere, none is shown.
struct Shown {
    is_terminal: bool,
    next: Instant,
    line: String,
}

impl Default for Shown {
    fn default() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), next: Instant::now() + PAUSE, line: String::new() }
    }
}

impl Shown {
    fn update(&mut self, report: &Path) {
        if !self.is_terminal || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + PAUSE;
        let said = fs::read_to_string(report).unwrap_or_default();
        if let Some(line) = progress(&said).filter(|line| *line != self.line) {
            self.line = line.to_owned();
            eprint!("\r\x1b[K{line}");
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            eprint!("\r\x1b[K");
        }
    }
}

/// The last progress that a report tells.
fn progress(said: &str) -> Option<&str> {
    said.lines().rev().find_map(|line| line.strip_prefix("@progress "))
}

/// Kills the processes of a check, and those that it started.
fn kill_group(leader: u32) {
    // If there's no such program, the processes stay until they end by themselves.
    _ = Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
}

fn read(mut stream: impl Read) -> String {
    let mut bytes = vec![];
    // After an error, the text that was read before is shown.
    _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first lines of the output.
fn shorten(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    match lines.len().checked_sub(OUTPUT_LINES) {
        None | Some(0) => lines.join("\n"),
        Some(more) => format!("{}\n... and {more} more lines", lines[..OUTPUT_LINES].join("\n")),
    }
}

/// Reads the report of a check, which consists of lines such as `@check 2 4 TITLE`, each followed by a text. The lines with
/// its [`progress`] come before the verdict, and don't count.
fn outcome(said: &str, end: Result<ExitStatus, String>, output: String) -> Outcome {
    let mut heading = "The check didn't begin.".to_owned();
    let mut hang = "";
    let mut panics = String::new();
    let mut verdict: Option<(bool, String)> = None;
    for line in said.lines() {
        if let Some(check) = line.strip_prefix("@check ") {
            heading = check.to_owned();
            verdict = None;
        } else if let Some(panic) = line.strip_prefix("@panic ") {
            panics += &format!("\n{panic}");
        } else if let Some(why) = line.strip_prefix("@hang ") {
            hang = why;
        } else if line == "@failed" || line == "@solved" {
            verdict = Some((line == "@solved", String::new()));
        } else if let Some((_, text)) = &mut verdict {
            *text += line;
            text.push('\n');
        }
    }
    match verdict {
        Some((true, text)) => Outcome::Solved(text.trim_end().to_owned()),
        Some((false, text)) => Outcome::Wrong { report: format!("{heading}\n\n{}", text.trim_end()), output },
        None => {
            let end = match end {
                Err(why) if hang.is_empty() => why,
                Err(why) => format!("{why}\n\n{hang}"),
                Ok(status) if status.success() => {
                    "The process ended before the check did, with exit status 0. Does your code call \
                     `std::process::exit`?"
                        .to_owned()
                }
                Ok(status) if panics.is_empty() => format!("The process ended before the check did: {status}."),
                Ok(status) => format!("The process ended before the check did: {status}. It had panicked:\n{panics}"),
            };
            Outcome::Wrong { report: format!("{heading}\n\n{end}"), output }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(said: &str, end: Result<ExitStatus, String>) -> String {
        match outcome(said, end, String::new()) {
            Outcome::Wrong { report, .. } => report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_check_that_says_nothing_is_not_passed() {
        let begun = "@check Check 1 of 2 failed: it adds up.\n@hang \n";
        let ended = || Ok(ExitStatus::default());
        assert!(wrong(begun, ended()).contains("std::process::exit"));
        assert!(wrong(begun, Err("It doesn't end.".to_owned())).ends_with("\n\nIt doesn't end."));
        let next = format!("{begun}@check Check 2 of 2 failed: it ends.\n@hang They wait.\n");
        assert!(wrong(&next, Err(String::new())).starts_with("Check 2 of 2 failed: it ends.\n\n"));
        assert!(wrong(&next, Err(String::new())).ends_with("\n\nThey wait."));
        assert!(wrong(&format!("{next}@failed\nThe sum is 3.\n"), ended()).ends_with("\n\nThe sum is 3."));
        assert_eq!(outcome(&format!("{next}@solved\n"), ended(), String::new()), Outcome::Solved(String::new()));
    }

    #[cfg(unix)]
    #[test]
    fn an_aborted_process_has_its_panics() {
        let aborted = std::os::unix::process::ExitStatusExt::from_raw(6);
        let said =
            "@check The check failed. It rings.\n@hang \n@panic a.rs:7: already borrowed\n@panic a.rs:9: again\n";
        assert!(wrong(said, Ok(aborted)).ends_with("It had panicked:\n\na.rs:7: already borrowed\na.rs:9: again"));
    }

    #[test]
    fn progress_is_no_part_of_the_result() {
        let said = "@check Check 1 of 1 failed: it adds up.\n@hang \n@progress 1,000 schedules so far\n\
                    @progress 2,000 schedules so far\n";
        assert_eq!(progress(said), Some("2,000 schedules so far"));
        assert_eq!(progress("@check Check 1 of 1 failed: it adds up.\n"), None);
        let ended = outcome(&format!("{said}@failed\nThe sum is 3.\n"), Ok(ExitStatus::default()), String::new());
        let report = "Check 1 of 1 failed: it adds up.\n\nThe sum is 3.".to_owned();
        assert_eq!(ended, Outcome::Wrong { report, output: String::new() });
    }

    #[test]
    fn long_output_is_shortened() {
        assert_eq!(shorten("a\nb\n"), "a\nb");
        let long: Vec<String> = (0..30).map(|line| line.to_string()).collect();
        assert!(shorten(&long.join("\n")).ends_with("\n19\n... and 10 more lines"));
    }
}
