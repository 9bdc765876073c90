//! The programs of the scheduler lab: how they end, and that their recordings are up to date.

use std::fs;
use std::path::Path;

use chapters::scheduler::explore::{STATES, enumerate};
use chapters::scheduler::{Graph, Program, explore, recording};
use programs::ALL;
use serde_json::Value as Json;

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
    assert_eq!(numbers("if_not_while"), "8 of 116");
    assert_eq!(numbers("audit"), "4 of 18");
    assert_eq!(numbers("nested_pool"), "340 of 3342940");
    assert_eq!(numbers("book_lock"), "0 of 42");
    // In half of these, B is the thread that is left.
    assert_eq!(numbers("book_lock_no_park"), "10 of 52");
}

#[test]
fn merging_states_changes_neither_the_endings_nor_their_counts() {
    /// The largest number of schedules that is tried one by one.
    const MOST: u32 = 120;
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

/// The programs that are recorded: all but the reader's own.
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

/// Plays a recording as a page does: with nothing but the JSON.
#[test]
fn a_recording_is_all_that_a_page_needs() {
    for program in recorded() {
        let graph = graph(program);
        let json: Json = serde_json::from_str(&recording::json(program, program.options, &graph)).expect("it's JSON");
        let index = |json: &Json| json.as_u64().expect("an index") as usize;
        let nodes = json["nodes"].as_array().expect("there are nodes");
        for node in nodes {
            let cursors = node[0].as_array().expect("a list of cursors");
            assert!(cursors.iter().all(|cursor| json["cursors"][index(cursor)].is_object()));
            let values = json["shared"][index(&node[1])].as_array().expect("a list of values");
            assert!(values.iter().all(|value| {
                let value = &json["values"][index(value)];
                json["objects"][index(&value[0])][0].is_string() && value[1].is_string()
            }));
            assert!(json["outputs"][index(&node[2])].is_array());
            let edges = node[3].as_array().expect("a list of edges");
            assert!(
                edges.iter().all(|edge| json["threads"][index(&edge[0])].is_string() && index(&edge[1]) < nodes.len())
            );
            assert!(edges.iter().all(|edge| edge.get(2).is_none_or(|label| json["labels"][index(label)].is_string())));
            assert_eq!(edges.is_empty(), node.get(4).is_some());
        }
        for cursor in json["cursors"].as_array().expect("there are cursors") {
            for at in cursor["at"].as_array().into_iter().flatten() {
                let parts = json["sources"][index(&at[0])]["parts"].as_array().expect("a source has parts");
                let line = |part: &Json| {
                    let line = index(&at[1]).checked_sub(index(&part["first"]))?;
                    part["lines"].get(line).cloned()
                };
                assert!(parts.iter().any(|part| line(part).is_some()), "{}: {cursor} isn't shown", program.name);
            }
        }
        for (number, ending) in json["endings"].as_array().expect("there are endings").iter().enumerate() {
            let steps = ending["steps"].as_array().expect("each ending has a schedule");
            let end = steps.iter().fold(0, |node, edge| index(&nodes[node][3][index(edge)][1]));
            assert_eq!(index(&nodes[end][4]), number, "{}", program.name);
        }
    }
}

/// The programs that use nothing but the standard library's names.
#[test]
fn the_use_lines_are_the_only_difference_from_the_standard_library() {
    let mut code = String::new();
    let mut compiled = 0;
    for program in ALL {
        let text = program.sources[0].text;
        if text.contains("scheduler::task") || text.contains("crate::threads") || program.name == "mine" {
            continue;
        }
        let lines = text.lines().map(|line| match line.starts_with("use ") {
            true => line.replace("chapters::scheduler", "std"),
            false => line.to_owned(),
        });
        let lines: Vec<String> = lines.collect();
        code += &format!("pub mod {} {{\n{}\n}}\n", program.name, lines.join("\n"));
        compiled += 1;
    }
    assert!(compiled >= 30, "only {compiled} programs were compiled");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("on_std.rs");
    fs::write(&file, code).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = std::process::Command::new(rustc);
    let output =
        rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--cap-lints=allow", "--out-dir"]);
    let output = output.arg(folder).arg(&file).output().expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_fragment_of_a_page_has_no_blank_lines() {
    for program in recorded() {
        let html = recording::html(program, &graph(program));
        assert!(html.lines().all(|line| !line.trim().is_empty()), "{}", program.name);
        assert!(!html.contains("style="), "{}", program.name);
    }
}
