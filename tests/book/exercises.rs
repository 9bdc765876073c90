//! Exercises and questions: each exercise is set on a page and solved on another, and each answer is below its
//! question.
//!
//! The test `run` runs the commands that the pages show, so it checks that each exercise fails. The tests of the package
//! `exercises` check that the solutions pass. The tests of `programs` compare the possible
//! outputs with the answers.

use std::path::{Path, PathBuf};

use crate::common::{Page, files, pages};
use crate::listings::includes;
use crate::{assert_finds, assert_none, example};

/// Where the solutions are shown.
const SOLUTIONS: &str = "book/src/solutions.md";

/// The recordings of the scheduler labs, among them those of the questions.
const RECORDINGS: &str = "book/schedules";

/// The commands in the console blocks of a page.
pub fn commands(page: &Page) -> Vec<String> {
    let blocks = page.blocks().into_iter().filter(|block| block.info == "console");
    let lines = blocks.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter_map(|line| Some(line.strip_prefix("$ ")?.to_owned())).collect()
}

/// Every exercise is set in a chapter, and its solution is shown.
fn exercises_that_are_not_set_or_not_solved(exercises: &[PathBuf], pages: &[Page]) -> Vec<String> {
    let shows = |command: &str| {
        let mut pages = pages.iter().filter(|page| page.path != Path::new(SOLUTIONS));
        pages.any(|page| commands(page).iter().any(|it| it == command))
    };
    let fault = |exercise: &PathBuf| {
        let name = exercise.file_stem()?.to_str()?;
        let solution = exercise.parent()?.join("solutions").join(exercise.file_name()?);
        let mut included = pages.iter().filter(|page| page.path == Path::new(SOLUTIONS)).flat_map(includes);
        if !shows(&format!("cargo run --bin exercises -- run {name}")) {
            Some(format!("{}: no chapter sets this exercise", exercise.display()))
        } else if !included.any(|(_, include)| include.path == solution) {
            Some(format!("{}: {SOLUTIONS} does not show {}", exercise.display(), solution.display()))
        } else {
            None
        }
    };
    exercises.iter().filter_map(fault).collect()
}

/// Every answer is shown on the page that lets the reader play its question, or lists it.
fn answers_without_their_question(answers: &[PathBuf], pages: &[Page]) -> Vec<String> {
    let shows = |page: &Page, path: &Path| includes(page).iter().any(|(_, include)| include.path == path);
    let is_asked = |answer: &PathBuf| {
        let question = Path::new(RECORDINGS).join(answer.file_name().unwrap_or_default()).with_extension("json");
        let listing = answer.with_extension("rs");
        pages.iter().any(|page| shows(page, answer) && (shows(page, &question) || shows(page, &listing)))
    };
    let unasked = answers.iter().filter(|answer| !is_asked(answer));
    unasked.map(|answer| format!("{}: no page shows this answer and its question", answer.display())).collect()
}

#[test]
fn every_exercise_is_set_and_solved() {
    let in_the_folder = |path: &PathBuf| path.parent() == Some(Path::new("chapters/exercises"));
    let exercises = files("chapters/exercises", "rs").into_iter().filter(in_the_folder);
    let exercises: Vec<PathBuf> = exercises.collect();
    assert!(!exercises.is_empty());
    assert_none(exercises_that_are_not_set_or_not_solved(&exercises, &pages()));
}

#[test]
fn every_answer_is_shown_with_its_question() {
    assert_none(answers_without_their_question(&files("chapters/programs/answers", "txt"), &pages()));
}

mod each_check_can_fail {
    use super::*;

    #[test]
    fn exercises() {
        let set = "```console\n$ cargo run --bin exercises -- run a\n? 1\n```\n";
        let shown = "```rust,ignore\n{{#include ../../chapters/exercises/solutions/a.rs:solution}}\n```\n";
        let check = |set: &str, solved: &str| {
            let solutions = Page { path: SOLUTIONS.into(), text: solved.to_owned() };
            exercises_that_are_not_set_or_not_solved(&["chapters/exercises/a.rs".into()], &[example(set), solutions])
        };
        assert_finds(check(set, shown), &[]);
        assert_finds(check("", shown), &["chapters/exercises/a.rs: no chapter sets"]);
        assert_finds(check(set, ""), &["book/src/solutions.md does not show chapters/exercises/solutions/a.rs"]);
        assert_finds(check("", &(set.to_owned() + shown)), &["no chapter sets"]);
    }

    #[test]
    fn answers() {
        let [question, answer] = ["../schedules/a.json", "../../chapters/programs/answers/a.txt"]
            .map(|path| format!("{{{{#include {path}}}}}\n"));
        let check =
            |text: &str| answers_without_their_question(&["chapters/programs/answers/a.txt".into()], &[example(text)]);
        assert_finds(check(&(question.clone() + &answer)), &[]);
        assert_finds(check(&answer), &["chapters/programs/answers/a.txt: no page shows this answer and its question"]);
        assert_finds(check(&question), &["no page shows this answer"]);
    }
}
