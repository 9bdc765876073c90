//! The Check button beside an exercise, used as a reader uses it, on a copy of the exercises.

use std::fs;

use exercises::catalog::EXERCISES;
use reading_room::book;

use crate::Test;
use crate::driver::{Browser, Fault};

/// All of them compile an exercise, so `.ci/run` tests them.
pub const LONG: &[Test] = tests! {
    an_exercise_is_checked_and_then_solved
};

/// The button of an exercise.
const BUTTON: &str = "[aria-label='Exercise no_end'] button";

/// Opens the page with the exercise.
fn open(browser: &Browser) -> Fault {
    browser.open(&format!("{}/service.html", browser.room()?))
}

/// Clicks on the button, and waits until the check is over.
fn check(browser: &Browser) -> Fault {
    browser.click_on(BUTTON)?;
    browser.wait(0, &format!("document.querySelector({BUTTON:?}).textContent === 'Check'"))
}

/// Waits until an element of the exercise has a text.
fn wait(browser: &Browser, element: &str, text: &str) -> Fault {
    let element = format!("document.querySelector({element:?})");
    browser.wait(0, &format!("{element} && !{element}.hidden && {element}.textContent.includes({text:?})"))
}

fn an_exercise_is_checked_and_then_solved(browser: &Browser) -> Fault {
    const STATUS: &str = "[aria-label='Exercise no_end'] .exercise-status";
    const REPORT: &str = "[aria-label='Exercise no_end'] .exercise-report";
    open(browser)?;
    let count = |solved: usize| format!("You have solved {solved} of {} exercises.", EXERCISES.len());
    wait(browser, ".exercise-progress", &count(0))?;
    check(browser)?;
    wait(browser, REPORT, "no_end: not solved yet")?;
    wait(browser, REPORT, "Check 1 of 3 failed.")?;
    browser.check(0, &format!("document.querySelector({STATUS:?}).textContent === ''"))?;

    let solution = book::root().join("chapters/exercises/solutions/no_end.rs");
    fs::copy(solution, browser.exercises().join("no_end.rs")).map_err(|error| error.to_string())?;
    check(browser)?;
    wait(browser, REPORT, "no_end: solved")?;
    wait(browser, REPORT, "Next exercise: fair_share")?;
    wait(browser, STATUS, "solved")?;
    wait(browser, ".exercise-progress", &count(1))?;

    // The room remembers it.
    open(browser)?;
    wait(browser, STATUS, "solved")?;
    wait(browser, ".exercise-progress", &count(1))
}
