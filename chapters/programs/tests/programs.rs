//! The programs of the scheduler lab: how they end, and that their recordings are up to date.

use std::fs;
use std::path::Path;

use chapters::scheduler::explore::{STATES, enumerate};
use chapters::scheduler::{Graph, Program, explore, recording};
use programs::ALL;

fn find(name: &str) -> &'static Program {
    ALL.iter().find(|program| program.name == name).expect("there is such a program")
}

fn graph(program: &Program) -> Graph {
    explore(program, program.options, STATES).unwrap_or_else(|error| panic!("{}: {error}", program.name))
}

/// The number of all schedules, and of those that reach the goal.
fn schedules(name: &str) -> (String, String) {
    let (program, graph) = (find(name), graph(find(name)));
    let counts = graph.schedules_to_endings();
    let reaching: num_bigint::BigUint = graph.goals(program).into_iter().map(|goal| counts[goal].clone()).sum();
    (graph.schedules().to_string(), reaching.to_string())
}

#[test]
fn every_program_with_a_fault_reaches_its_goal_and_its_fixed_version_does_not() {
    for program in ALL.iter().filter(|program| program.fixed.is_some()) {
        let fixed = find(program.fixed.expect("it was filtered"));
        assert!(!graph(program).goals(program).is_empty(), "{} doesn't reach its goal", program.name);
        assert!(graph(fixed).goals(program).is_empty(), "{} reaches the goal of {}", fixed.name, program.name);
    }
}

#[test]
fn the_numbers_of_schedules_are_those_of_the_pages() {
    let numbers = |name| {
        let (all, reaching) = schedules(name);
        format!("{reaching} of {all}")
    };
    assert_eq!(numbers("lost_update"), "4 of 6");
    assert_eq!(numbers("two_locks"), "2 of 6");
    assert_eq!(numbers("lost_wakeup"), "2 of 7");
}

#[test]
fn merging_states_changes_neither_the_endings_nor_their_counts() {
    /// The largest number of schedules that is tried one by one.
    const MOST: u32 = 300;
    let mut compared = 0;
    for program in ALL {
        let merged = graph(program);
        if merged.schedules() > MOST.into() {
            continue;
        }
        let plain = enumerate(program, program.options, usize::MAX).unwrap();
        assert_eq!(merged.endings, plain.endings, "{}", program.name);
        assert_eq!(merged.schedules_to_endings(), plain.schedules_to_endings(), "{}", program.name);
        compared += 1;
    }
    assert!(compared >= 30, "only {compared} programs were compared");
}

#[test]
fn every_cursor_has_a_line() {
    for program in ALL {
        for node in graph(program).nodes {
            for cursor in node.state.threads.iter().filter(|cursor| cursor.next.is_some()) {
                assert!(!cursor.at.is_empty(), "{}: {cursor:?}", program.name);
            }
        }
    }
}

/// The reader's own program has no recording.
fn recorded() -> impl Iterator<Item = &'static Program> {
    ALL.iter().filter(|program| program.name != "mine")
}

#[test]
fn the_recordings_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/schedules");
    let mut total = 0;
    for program in recorded() {
        let graph = graph(program);
        let json = recording::json(program, program.options, &graph) + "\n";
        total += json.len();
        for (ending, text) in [("json", json), ("html", recording::html(program, &graph))] {
            let file = folder.join(program.name).with_extension(ending);
            let committed = fs::read_to_string(&file).unwrap_or_default();
            assert!(
                committed == text,
                "{} is stale: run `cargo run --bin chapter-scheduler -- --write=book/schedules`",
                file.display()
            );
        }
    }
    assert!(total <= 300_000, "the recordings have {total} bytes");
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 2 * recorded().count(), "there are recordings of programs that don't exist");
}

#[test]
fn a_fragment_of_a_page_has_no_blank_lines() {
    for program in recorded() {
        let html = recording::html(program, &graph(program));
        assert!(html.lines().all(|line| !line.trim().is_empty()), "{}", program.name);
        assert!(!html.contains("style="), "{}", program.name);
    }
}
