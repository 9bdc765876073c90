//! Plays a program on a terminal, or by lines of text if the input or the output isn't one.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use console::{Color, Key, Style, Term, style};

use super::choice::{choice_word, counted, find_choice, impossible};
use super::explore::{STEPS, Step, Unexplored};
use super::live::Session;
use super::program::Program;
use super::recording::number;
use super::state::State;
use super::world::{Choice, Options, ThreadId};

const KEYS: &str = "A, B, ...: take that thread's step   u: undo   r: restart   h: hint   e: all endings   q: quit";

/// How many lines are shown before and after a line of the book's own code.
const CONTEXT: usize = 4;

/// Plays a program until the reader quits, or the input ends.
///
/// # Errors
///
/// When a thread doesn't reach an operation, or the input or output fails.
pub fn run(program: &Program, options: Options, limit: usize) -> io::Result<()> {
    let terminal = Term::stdout();
    if terminal.is_term() && io::stdin().is_terminal() {
        screen(program, options, limit, &terminal)
    } else {
        lines(program, options, limit, io::stdin().lock(), &mut io::stdout())
    }
}

// ---- on a terminal ----

/// Plays a program by single keys. The whole state is drawn again after each of them.
fn screen(program: &Program, options: Options, limit: usize, terminal: &Term) -> io::Result<()> {
    let mut session = Session::new(program, options, limit).map_err(io::Error::other)?;
    let (mut selected, mut message) = (0, String::new());
    loop {
        let (choices, names) = (session.execution().choices(), session.execution().thread_names());
        selected = selected.min(choices.len().saturating_sub(1));
        terminal.clear_screen()?;
        terminal.write_str(&draw(&session, program, &choices, selected, &message))?;
        message.clear();
        let mut taken = None;
        match terminal.read_key()? {
            Key::ArrowLeft | Key::ArrowUp => selected = selected.saturating_sub(1),
            Key::ArrowRight | Key::ArrowDown => selected += 1,
            Key::Enter | Key::Char(' ') if !choices.is_empty() => taken = Some(selected),
            Key::Backspace | Key::Char('u') => session.back(1).map_err(io::Error::other)?,
            Key::Char('r') => session.back(usize::MAX).map_err(io::Error::other)?,
            Key::Char('h') => message = hint(&mut session, program),
            Key::Char('e') => message = endings(&mut session, program),
            Key::Char('q') | Key::Escape => return Ok(()),
            Key::Char(digit @ '1'..='9') => {
                let index = digit as usize - '1' as usize;
                taken = (index < choices.len()).then_some(index);
            }
            Key::Char(letter) => {
                // The main thread is called `main`: its key is m.
                let word = if letter.eq_ignore_ascii_case(&'m') { "main".to_owned() } else { letter.to_string() };
                match find_choice(&word, &choices, &names) {
                    Ok(choice) => taken = Some(choice),
                    Err(error) => message = impossible(session.execution(), &word, error, &choices, &names),
                }
            }
            _ => {}
        }
        match taken {
            Some(_) if session.path().len() >= STEPS => message = Unexplored::TooManySteps { limit: STEPS }.to_string(),
            Some(choice) => {
                let (state, thread) = (session.execution().state(), choices[choice].thread);
                session.step(choice).map_err(io::Error::other)?;
                let step = Step::new(program, &state, &names, thread, session.observed());
                message = format!("{}: {}", step.name, step.text());
            }
            None => {}
        }
    }
}

/// The color of a thread. The name of the thread always stands beside it.
fn color(thread: ThreadId) -> Style {
    let colors = [Color::Green, Color::Cyan, Color::Magenta, Color::Yellow, Color::Blue, Color::Red];
    Style::new().fg(colors[thread % colors.len()]).bold()
}

fn draw(session: &Session, program: &Program, choices: &[Choice], selected: usize, message: &str) -> String {
    let execution = session.execution();
    let (state, names) = (execution.state(), execution.thread_names());
    let mut text = format!("{}: {}\nGoal: {}\n\n", style(program.name).bold(), program.title, program.goal);
    text += &listing(program, &state, &names);
    if let Some(choice) = choices.get(selected) {
        text += &inside(program, &state, choice.thread);
    }
    _ = writeln!(text, "\n{}", after(session));
    text += &describe(program, &state, &names);
    text.push('\n');
    match execution.ending() {
        Some(ending) => {
            _ = writeln!(text, "{}\n{}", ending.sentence(), style(program.verdict(&ending)).bold());
        }
        None => {
            for (index, choice) in choices.iter().enumerate() {
                let next = state.threads[choice.thread].next.as_deref().unwrap_or_default();
                let label = if choice.label.is_empty() { String::new() } else { format!(" ({})", choice.label) };
                let mark = if index == selected { '>' } else { ' ' };
                let name = color(choice.thread).apply_to(&names[choice.thread]);
                _ = writeln!(text, "{mark} {} {name} {next}{label}", index + 1);
            }
        }
    }
    if !message.is_empty() {
        _ = writeln!(text, "\n{}", message.trim_end());
    }
    text + "\nArrow keys and Enter, a number, or a thread's letter (m: main): take a step\n\
            u: undo   r: restart   h: hint   e: all endings   q: quit\n"
}

/// The program, with the names of the threads beside their lines.
fn listing(program: &Program, state: &State, names: &[String]) -> String {
    let mut text = String::new();
    let source = program.sources.first().map_or("", |source| source.text);
    for (index, line) in source.lines().enumerate() {
        let is_here = |thread: &ThreadId| {
            let at = state.threads[*thread].at.iter().find(|at| at.source == 0);
            at.is_some_and(|at| at.line == index + 1)
        };
        let here: Vec<ThreadId> = (0..state.threads.len()).filter(is_here).collect();
        let width: usize = here.iter().map(|thread| names[*thread].len() + 1).sum();
        let marks: String =
            here.iter().map(|thread| format!("{} ", color(*thread).apply_to(&names[*thread]))).collect();
        _ = writeln!(text, "{}{marks}{:3}  {line}", " ".repeat(10_usize.saturating_sub(width)), index + 1);
    }
    text
}

/// The lines of the book's own code around the one that a thread is at, and the calls that led there.
fn inside(program: &Program, state: &State, thread: ThreadId) -> String {
    let at = &state.threads[thread].at;
    let Some(here) = at.first().filter(|here| here.source != 0) else { return String::new() };
    let name = |source: usize| program.sources[source].path.rsplit('/').next().unwrap_or_default();
    let calls: Vec<String> = at.iter().map(|at| format!("{}:{}", name(at.source), at.line)).collect();
    let mut text = format!("\n{}, called from {}\n", calls[0], calls[1..].join(", from "));
    let first = here.line.saturating_sub(CONTEXT).max(1);
    let lines = program.sources[here.source].text.lines().enumerate().skip(first - 1).take(2 * CONTEXT + 1);
    for (index, line) in lines {
        let mark = if index + 1 == here.line { '>' } else { ' ' };
        _ = writeln!(text, "        {mark} {:3}  {line}", index + 1);
    }
    text
}

// ---- without a terminal ----

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
                writeln!(output, "{}\n", hint(&mut session, program))?;
                continue;
            }
            "e" => {
                writeln!(output, "{}", endings(&mut session, program))?;
                continue;
            }
            word => {
                let (choices, names) = (session.execution().choices(), session.execution().thread_names());
                match find_choice(word, &choices, &names) {
                    Ok(_) if session.path().len() >= STEPS => {
                        writeln!(output, "{}\n", Unexplored::TooManySteps { limit: STEPS })?;
                        continue;
                    }
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
    writeln!(output, "{}\n{}", after(session), describe(program, &execution.state(), &names))?;
    match execution.ending() {
        Some(ending) => {
            writeln!(output, "{}\n{}\n", ending.sentence(), program.verdict(&ending))
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

fn after(session: &Session) -> String {
    match session.path().len() {
        0 => "At the start:".to_owned(),
        1 => "After 1 step:".to_owned(),
        steps => format!("After {steps} steps:"),
    }
}

fn hint(session: &mut Session, program: &Program) -> String {
    if program.question {
        return "This program has no goal but to find all of its endings, which e shows.".to_owned();
    }
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
                let count = counted(&number(&counts[index].to_string()), "schedule");
                _ = writeln!(text, "{count}: {}{mark}", ending.text());
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
