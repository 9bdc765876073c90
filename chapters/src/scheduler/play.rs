//! Plays a program on a terminal, or with lines of text if there is none.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

use super::command::{choice_word, find_choice, impossible};
use super::explore::Step;
use super::live::Session;
use super::program::Program;
use super::recording::number;
use super::state::State;
use super::world::Options;

const KEYS: &str = "A, B, ...: take that thread's step   u: undo   r: restart   h: hint   e: all endings   q: quit";

/// Plays a program until the reader quits, or the input ends.
///
/// # Errors
///
/// When a thread doesn't reach an operation, or the input or output fails.
pub fn run(program: &Program, options: Options, limit: usize) -> io::Result<()> {
    lines(program, options, limit, io::stdin().lock(), &mut io::stdout())
}

/// Plays a program with a line of input for each step.
///
/// # Errors
///
/// When a thread doesn't reach an operation, or the input or output fails.
pub fn lines(
    program: &Program,
    options: Options,
    limit: usize,
    input: impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut session = Session::new(program, options, limit).map_err(io::Error::other)?;
    writeln!(output, "{}: {}\nGoal: {}\n{KEYS}\n", program.name, program.title, program.goal)?;
    show(&session, program, output)?;
    for line in input.lines() {
        let line = line?;
        match line.trim() {
            "" => continue,
            "q" => break,
            "u" => session.back(1).map_err(io::Error::other)?,
            "r" => session.back(usize::MAX).map_err(io::Error::other)?,
            "h" => {
                writeln!(output, "{}\n", hint(&mut session))?;
                continue;
            }
            "e" => {
                writeln!(output, "{}", endings(&mut session, program))?;
                continue;
            }
            word => {
                let (choices, names) = (session.execution().choices(), session.execution().thread_names());
                match find_choice(word, &choices, &names) {
                    Ok(choice) => {
                        let (state, thread) = (session.execution().state(), choices[choice].thread);
                        session.step(choice).map_err(io::Error::other)?;
                        let step = Step::new(program, &state, &names, thread, session.observed());
                        writeln!(output, "{} {}\n", step.name, step.text())?;
                    }
                    Err(error) => {
                        writeln!(output, "{}\n", impossible(session.execution(), word, error, &choices, &names))?;
                        continue;
                    }
                }
            }
        }
        show(&session, program, output)?;
    }
    Ok(())
}

fn show(session: &Session, program: &Program, output: &mut impl Write) -> io::Result<()> {
    let execution = session.execution();
    let names = execution.thread_names();
    writeln!(output, "After {} steps:\n{}", session.path().len(), describe(program, &execution.state(), &names))?;
    match execution.ending() {
        Some(ending) => {
            let goal = if (program.reaches)(&ending) { "The goal is reached." } else { "The goal isn't reached." };
            writeln!(output, "The program has ended: {}\n{goal}\n", ending.text())
        }
        None => {
            let choices = execution.choices();
            let choice = |choice| {
                let word = choice_word(choice, &names);
                if choice.label.is_empty() { word } else { format!("{word} ({})", choice.label) }
            };
            writeln!(output, "Your choices: {}\n", choices.iter().map(choice).collect::<Vec<_>>().join(", "))
        }
    }
}

fn hint(session: &mut Session) -> String {
    let (choices, names) = (session.execution().choices(), session.execution().thread_names());
    match session.hint() {
        Ok(Some(choice)) => format!("Hint: {}", choice_word(&choices[choice], &names)),
        Ok(None) => "Hint: no schedule leads from here to the goal. Undo a step, or restart.".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn endings(session: &mut Session, program: &Program) -> String {
    match session.graph() {
        Ok(graph) => {
            let (counts, goals) = (graph.schedules_to_endings(), graph.goals(program));
            graph.endings.iter().enumerate().fold(String::new(), |mut text, (index, ending)| {
                let mark = if goals.contains(&index) { " (the goal)" } else { "" };
                _ = writeln!(text, "{} schedules: {}{mark}", number(&counts[index].to_string()), ending.text());
                text
            })
        }
        Err(error) => format!("{error}\n"),
    }
}

/// A state in words: a line for each thread, and one for each shared object.
pub(super) fn describe(program: &Program, state: &State, names: &[String]) -> String {
    let mut text = String::new();
    for (cursor, name) in state.threads.iter().zip(names) {
        let line = match cursor.at.first() {
            Some(at) => {
                let file = program.sources[at.source].path.rsplit('/').next().unwrap_or_default();
                format!("{file}:{}", at.line)
            }
            None => String::new(),
        };
        let what = match (&cursor.next, &cursor.panicked) {
            (_, Some(message)) => format!("panicked: {message}"),
            (Some(next), _) => next.clone(),
            (None, None) => "finished".to_owned(),
        };
        let waits = cursor.waits.as_ref().map_or(String::new(), |wait| format!("; {}", wait.why));
        _ = writeln!(text, "  {name:6}{line:28}{what}{waits}");
    }
    for value in &state.objects {
        let holders: Vec<&str> = value.held_by.iter().map(|holder| names[*holder].as_str()).collect();
        let held = if holders.is_empty() { String::new() } else { format!(", held by {}", holders.join(", ")) };
        _ = writeln!(text, "  {} = {}{held}", value.name, value.value);
    }
    for line in &state.output {
        _ = writeln!(text, "  prints {line:?}");
    }
    text
}
