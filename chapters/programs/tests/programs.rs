//! The programs of the scheduler lab: how they end, and that their recordings are up to date.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use chapters::scheduler::explore::{STATES, enumerate};
use chapters::scheduler::{Graph, Program, explore, recording};
use programs::ALL;
use serde_json::Value as Json;

fn find(name: &str) -> &'static Program {
    ALL.iter().find(|program| program.name == name).expect("there is such a program")
}

/// The graph of a program, which is explored once, by the first test that asks for it.
fn graph(program: &Program) -> &'static Graph {
    static GRAPHS: LazyLock<HashMap<&str, OnceLock<Graph>>> =
        LazyLock::new(|| ALL.iter().map(|program| (program.name, OnceLock::new())).collect());
    GRAPHS[program.name].get_or_init(|| {
        explore(program, program.options, STATES).unwrap_or_else(|error| panic!("{}: {error}", program.name))
    })
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
fn the_books_own_primitives_never_fail() {
    for program in ["book_lock", "book_condition", "book_queue"].map(find) {
        assert!(graph(program).goals(program).is_empty(), "{} fails", program.name);
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
    const MAX_SCHEDULES: u32 = 120;
    let mut compared = 0;
    for program in ALL {
        let merged = graph(program);
        if merged.schedules() > MAX_SCHEDULES.into() {
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
        for node in &graph(program).nodes {
            for cursor in node.state.threads.iter().filter(|cursor| cursor.next.is_some()) {
                assert!(!cursor.at.is_empty(), "{}: {cursor:?}", program.name);
            }
        }
    }
}

#[test]
fn a_waiting_task_is_shown_where_it_has_stored_its_waker() {
    let program = find("canceled_consumer");
    let graph = graph(program);
    let waiting = graph.nodes.iter().flat_map(|node| &node.state.threads);
    let waiting: Vec<_> =
        waiting.filter(|it| it.waits.as_ref().is_some_and(|it| it.why == "waits to be woken")).collect();
    assert!(!waiting.is_empty());
    for cursor in waiting {
        let files: Vec<&str> = cursor.at.iter().map(|at| program.sources[at.source].path).collect();
        let line = program.sources[cursor.at[0].source].text.lines().nth(cursor.at[0].line - 1);
        assert!(line.is_some_and(|line| line.contains("context.waker().clone()")), "{line:?}");
        assert_eq!(
            (files[0], files[files.len() - 1]),
            ("src/coroutines/condition.rs", "programs/canceled_consumer.rs")
        );
    }
}

/// The programs that are recorded.
fn recorded() -> impl Iterator<Item = &'static Program> {
    ALL.iter().filter(|program| program.is_recorded())
}

#[test]
fn the_recordings_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/schedules");
    let mut total = 0;
    for program in recorded() {
        let graph = graph(program);
        let json = recording::json(program, program.options, graph) + "\n";
        for (ending, text) in [("json", json), ("html", recording::html(program, graph))] {
            total += text.len();
            let file = folder.join(program.name).with_extension(ending);
            let committed = fs::read_to_string(&file).unwrap_or_default();
            let what = if file.exists() { "stale" } else { "missing" };
            assert!(
                committed == text,
                "{} is {what}: run `cargo run --bin chapter-scheduler -- --write=book/schedules`",
                file.display()
            );
        }
    }
    assert!(
        total <= 300_000,
        "the recordings, with what a reader without JavaScript sees, have {total} bytes, but may have 300,000: shorten \
         a program"
    );
    let is_recorded = |file: &Path| recorded().any(|program| file.file_stem() == Some(OsStr::new(program.name)));
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let unknown: Vec<_> = files.filter(|file| !is_recorded(file)).collect();
    assert!(
        unknown.is_empty(),
        "no recorded program has these names: remove the files, or let `Program::is_recorded` name a fixed version: \
         {unknown:?}"
    );
}

/// A node of a recording, read as a page reads it.
struct Node {
    /// The shared state, the output, and the cursors.
    state: Vec<usize>,
    /// The thread, the label, and the node that the edge leads to.
    edges: Vec<(usize, Option<usize>, usize)>,
    ending: Option<usize>,
}

fn read_nodes(text: &str) -> Vec<Node> {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let mut before: Vec<(Vec<usize>, usize)> = vec![(vec![], usize::MAX)];
    let mut nodes = vec![];
    for (index, node) in text.split(';').enumerate() {
        let (changes, edges) = node.split_once('|').expect("changes and edges");
        let (edges, ending) = edges.split_once('=').map_or((edges, None), |(edges, it)| (edges, Some(number(it))));
        let (mut state, stepped) = before[index].clone();
        for change in changes.split(',').filter(|it| !it.is_empty()) {
            let (place, value) = match change.split_once(':') {
                Some((place, value)) => (number(place), number(value)),
                None => (stepped, number(change)),
            };
            state.resize(state.len().max(place + 1), usize::MAX);
            state[place] = value;
        }
        let mut edge = |edge: &str| {
            let (edge, to) = edge.split_once('>').map_or((edge, None), |(edge, to)| (edge, Some(number(to))));
            let (thread, label) =
                edge.split_once('.').map_or((edge, None), |(thread, label)| (thread, Some(number(label))));
            let to = to.unwrap_or_else(|| {
                before.push((state.clone(), 2 + number(thread)));
                before.len() - 1
            });
            (number(thread), label, to)
        };
        let edges = edges.split(',').filter(|it| !it.is_empty()).map(&mut edge).collect();
        nodes.push(Node { state, edges, ending });
    }
    nodes
}

/// Plays a recording as a page does: with nothing but the JSON and the HTML.
#[test]
fn a_recording_is_all_that_a_page_needs() {
    for program in recorded() {
        let graph = graph(program);
        let json: Json = serde_json::from_str(&recording::json(program, program.options, graph)).expect("it's JSON");
        let index = |json: &Json| json.as_u64().expect("an index") as usize;
        let list = |json: &Json| json.as_array().expect("a list").clone();
        let nodes = read_nodes(json["nodes"].as_str().expect("a string"));
        assert_eq!(nodes.len(), graph.nodes.len(), "{}", program.name);
        for node in &nodes {
            let [shared, output, cursors @ ..] = node.state.as_slice() else { panic!("{:?}", node.state) };
            assert!(cursors.iter().all(|cursor| json["cursors"][cursor].is_array()));
            assert!(list(&json["shared"][shared]).iter().all(|value| {
                let value = &json["values"][index(value)];
                json["objects"][index(&value[0])][0].is_string() && value[1].is_string()
            }));
            assert!(json["outputs"][output].is_array());
            for (thread, label, to) in &node.edges {
                assert!(json["threads"][thread].is_string() && *to < nodes.len());
                assert!(label.is_none_or(|label| json["words"][label].is_string()));
            }
            assert_eq!(node.edges.is_empty(), node.ending.is_some());
        }
        let listed = recording::html(program, graph).split("<pre").nth(1).expect("a listing").lines().count();
        for cursor in list(&json["cursors"]) {
            let words = [0, 2].map(|word| cursor.get(word).cloned().unwrap_or(Json::Null));
            assert!(words.iter().all(|it| it.is_null() || *it == -1 || json["words"][index(it)].is_string()));
            for at in cursor.get(1).map(list).unwrap_or_default().chunks(2) {
                let (source, line) = (&json["sources"][index(&at[0])], index(&at[1]));
                let is_in = |part: &Json| {
                    let line = line.checked_sub(index(&part["first"]));
                    line.is_some_and(|line| part["lines"][line].is_string())
                };
                let is_shown = match source["parts"].as_array() {
                    Some(parts) => parts.iter().any(is_in),
                    None => (1..listed).contains(&line),
                };
                assert!(is_shown, "{}: {cursor} isn't shown", program.name);
            }
        }
        for (number, ending) in list(&json["endings"]).iter().enumerate() {
            let end = list(&ending["steps"]).iter().fold(0, |node: usize, edge| nodes[node].edges[index(edge)].2);
            assert_eq!(nodes[end].ending, Some(number), "{}", program.name);
        }
    }
}

#[test]
fn the_page_of_a_question_does_not_give_the_answer_away() {
    for program in recorded().filter(|program| program.question) {
        let html = recording::html(program, graph(program));
        assert!(html.contains("scheduler-listing") && !html.contains("<table"), "{html}");
    }
}

/// The answers that the pages show, which loom checks as well: see `loom.rs`.
#[test]
fn the_endings_of_the_questions_are_the_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("answers");
    let (mut with_answer, mut with_deadlock) = (0, vec![]);
    for program in ALL.iter().filter(|program| program.question) {
        let graph = graph(program);
        let mut outputs: Vec<String> = graph.endings.iter().map(|ending| ending.output.join(", ") + "\n").collect();
        outputs.sort();
        outputs.dedup();
        if graph.endings.iter().any(|ending| ending.is_failure()) {
            with_deadlock.push(program.name);
        }
        if let Ok(answer) = fs::read_to_string(folder.join(program.name).with_extension("txt")) {
            assert_eq!(outputs.concat(), answer, "{}: left: what it can print; right: the answer", program.name);
            with_answer += 1;
        }
    }
    assert_eq!(with_answer, 12);
    assert_eq!(with_deadlock, ["look_outside", "join_with_the_lock"]);
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
        let html = recording::html(program, graph(program));
        assert!(html.lines().all(|line| !line.trim().is_empty()), "{}", program.name);
        assert!(!html.contains("style="), "{}", program.name);
    }
}
