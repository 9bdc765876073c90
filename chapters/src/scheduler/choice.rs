//! The words for choices and counts, in reports and in play. A choice is the name of a thread, followed by a number if
//! the thread has several possible steps.

use super::engine::Execution;
use super::world::Choice;

/// Why a word doesn't name a step that can be taken.
pub(super) enum NoChoice {
    Unknown,
    Blocked(usize),
    /// The thread has another number of possible steps.
    Way(usize, usize),
}

/// The step as the flag `--schedule` expects it.
pub(super) fn choice_word(choice: &Choice, names: &[String]) -> String {
    let name = &names[choice.thread];
    if choice.way == 0 { name.clone() } else { format!("{name}.{}", choice.way + 1) }
}

/// The choice that a word such as `A` or `A.2` means. An error says why the word isn't a choice.
pub(super) fn find_choice(word: &str, choices: &[Choice], names: &[String]) -> Result<usize, NoChoice> {
    let (name, way) = match word.split_once('.') {
        None => (word, 1),
        Some((name, way)) => (name, way.parse().map_err(|_| NoChoice::Unknown)?),
    };
    let Some(thread) = names.iter().position(|other| other.eq_ignore_ascii_case(name)) else {
        return Err(NoChoice::Unknown);
    };
    let ways: Vec<usize> = (0..choices.len()).filter(|choice| choices[*choice].thread == thread).collect();
    if ways.is_empty() {
        return Err(NoChoice::Blocked(thread));
    }
    usize::checked_sub(way, 1).and_then(|way| ways.get(way)).copied().ok_or(NoChoice::Way(thread, ways.len()))
}

pub(super) fn impossible(
    execution: &Execution,
    word: &str,
    error: NoChoice,
    choices: &[Choice],
    names: &[String],
) -> String {
    let state = execution.state();
    let possible: Vec<String> = choices.iter().map(|choice| choice_word(choice, names)).collect();
    let possible = match possible.as_slice() {
        [] if execution.ending().is_some_and(|ending| ending.is_deadlock()) => "it's a deadlock".to_owned(),
        [] => "the program has ended".to_owned(),
        some => format!("possible: {}", some.join(", ")),
    };
    match error {
        NoChoice::Unknown => format!("`{word}` isn't one of the threads {}; {possible}", names.join(", ")),
        NoChoice::Way(thread, 1) => format!("{} has one possible step, `{}`; {possible}", names[thread], names[thread]),
        NoChoice::Way(thread, ways) => {
            format!("{} has {ways} possible steps, not one called `{word}`; {possible}", names[thread])
        }
        NoChoice::Blocked(thread) => {
            let cursor = &state.threads[thread];
            let why = match (&cursor.waits, &cursor.panicked, &cursor.next) {
                (Some(wait), ..) => wait.why.clone(),
                (None, Some(_), _) => "has panicked".to_owned(),
                (None, None, None) => "has finished".to_owned(),
                (None, None, Some(_)) => "can't".to_owned(),
            };
            format!("{} can't take a step: it {why}; {possible}", names[thread])
        }
    }
}

pub(super) fn counted(number: &str, noun: &str) -> String {
    counted_with(number, noun, &format!("{noun}s"))
}

pub(super) fn counted_with(number: &str, one: &str, many: &str) -> String {
    format!("{number} {}", if number == "1" { one } else { many })
}
