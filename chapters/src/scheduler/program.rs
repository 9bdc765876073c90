//! Programs that the scheduler runs, and how they end.

use serde::Serialize;

use super::place::Source;
use super::world::{Options, ThreadId};

/// A program with a goal for the reader.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name by which it's called.
    pub name: &'static str,
    /// A few words about its subject.
    pub title: &'static str,
    /// The goal, as a sentence.
    pub goal: &'static str,
    /// Whether the reader is asked for all endings instead of one, so that they aren't shown before the reader asks.
    pub question: bool,
    /// Whether an ending reaches the goal.
    pub reaches: fn(&Ending) -> bool,
    /// Its `main` function.
    pub run: fn(),
    /// How it's run.
    pub options: Options,
    /// Its source, and the sources of the book's code that it uses.
    pub sources: &'static [Source],
    /// The name of the program that does the same without the fault; `None` if there isn't one.
    pub fixed: Option<&'static str>,
}

impl Program {
    /// Whether an ending reaches the goal, as a sentence. A question has no goal, so the sentence is empty.
    pub(super) fn verdict(&self, ending: &Ending) -> &'static str {
        match (self.question, (self.reaches)(ending)) {
            (true, _) => "",
            (false, true) => "The goal is reached.",
            (false, false) => "The goal isn't reached.",
        }
    }

    /// Whether its schedules are recorded for the pages. The reader's own program changes, `book_condition` is large,
    /// and neither it nor the fixed versions are on a page, apart from some.
    pub fn is_recorded(&self) -> bool {
        let shown = ["late_ack_fixed", "lease_fixed", "two_locks_fixed"];
        let is_on_no_page = self.name.ends_with("_fixed") && !shown.contains(&self.name);
        !is_on_no_page && !["mine", "book_condition"].contains(&self.name)
    }

    /// A program without a name, for tests and exercises. Its goal is a deadlock or a panic.
    pub const fn of(run: fn()) -> Self {
        Self {
            name: "program",
            title: "A program",
            goal: "Reach a deadlock or a panic.",
            question: false,
            reaches: Ending::is_failure,
            run,
            options: Options::DEFAULT,
            sources: &[],
            fixed: None,
        }
    }
}

/// How an execution has ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Ending {
    /// Whether it got to its end.
    pub kind: EndingKind,
    /// The threads that panicked, with their messages.
    pub panics: Vec<(String, String)>,
    /// The lines that were printed.
    pub output: Vec<String>,
}

/// The kinds of endings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum EndingKind {
    /// The main thread has returned, or panicked.
    Returned {
        /// The threads that were still running: a process ends with its main thread.
        running: Vec<String>,
    },
    /// No thread can take a step.
    Deadlock {
        /// Why, for each thread.
        why: String,
        /// The threads that wait for each other in a circle.
        cycle: Vec<ThreadId>,
    },
}

impl Ending {
    /// Whether no thread could take a step.
    pub fn is_deadlock(&self) -> bool {
        matches!(self.kind, EndingKind::Deadlock { .. })
    }

    /// Whether a thread panicked.
    pub fn is_panic(&self) -> bool {
        !self.panics.is_empty()
    }

    /// Whether it's a deadlock or a panic.
    pub fn is_failure(&self) -> bool {
        self.is_deadlock() || self.is_panic()
    }

    /// Whether this line was printed.
    pub fn prints(&self, line: &str) -> bool {
        self.output.iter().any(|it| it == line)
    }

    /// `deadlock`, `panic`, or `returned`.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            EndingKind::Deadlock { .. } => "deadlock",
            EndingKind::Returned { .. } if self.is_panic() => "panic",
            EndingKind::Returned { .. } => "returned",
        }
    }

    /// The ending as a sentence without its period.
    pub fn sentence(&self) -> String {
        let text = self.text();
        match text.strip_prefix("deadlock") {
            Some(rest) => format!("Deadlock{rest}"),
            None if self.is_deadlock() => text,
            None => format!("The program has ended: {text}"),
        }
    }

    /// The ending in words, on one line.
    pub fn text(&self) -> String {
        // A scope panics if one of its threads does. The message of the thread says more.
        let panics = self.panics.iter().filter(|(_, message)| message != super::thread::SCOPED_PANIC);
        let mut parts: Vec<String> = panics.map(|(thread, message)| format!("{thread} panicked: {message}")).collect();
        match &self.kind {
            EndingKind::Deadlock { why, .. } => parts.push(format!("deadlock: {why}")),
            EndingKind::Returned { running } if !running.is_empty() => {
                parts.push(format!(
                    "main returned while {} {} running",
                    list(running),
                    if running.len() == 1 { "was" } else { "were" }
                ));
            }
            EndingKind::Returned { .. } => {}
        }
        if !self.output.is_empty() {
            parts.push(format!(
                "prints {}",
                self.output.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join(", ")
            ));
        }
        if parts.is_empty() { "every thread finished".to_owned() } else { parts.join("; ") }
    }
}

/// Names, with `and` before the last one.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}
