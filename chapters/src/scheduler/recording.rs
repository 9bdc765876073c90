//! Recorded schedules: everything that a page needs to let the reader schedule a program, without running it.
//!
//! A recording is a JSON object on one line. It contains the whole graph of the states that the program can be in, so a
//! page shows a node, follows an edge when the reader takes a step, and keeps a list of edges for undoing them.
//! `chapter-scheduler --write=FOLDER` writes `NAME.json`, and beside it `NAME.html`, which shows one schedule to
//! readers without JavaScript.
//!
//! # The format
//!
//! All indices count from 0. The recordings are part of the pages, so the format is made to be short.
//!
//! | field | meaning |
//! | --- | --- |
//! | `format` | the version of the format: 2 |
//! | `name`, `title`, `goal` | the name of the program, a few words about it, and the reader's goal as a sentence |
//! | `question` | `true` if the reader is asked for all endings, so that a page doesn't give them away. Otherwise it's missing |
//! | `fixed` | the name of the program without the fault; missing if there is none |
//! | `options` | missing if they are the default. `weak_memory`: whether loads may see old stores; `spurious_wakeups` and `timeouts`: how many of them a schedule may have while other threads could take a step |
//! | `threads` | the names of the threads, the main thread first |
//! | `sources` | the files: `path`, such as `programs/two_locks.rs` or `src/threads/lock.rs`, and `parts`, each with the number of its `first` line and its `lines`. The first file is the program. In `NAME.json`, it has no parts, because `NAME.html` lists it |
//! | `words` | descriptions of operations, of waits, and of observations |
//! | `cursors` | where a thread can be: see below |
//! | `objects` | the shared objects: the name of the variable or the field, and the kind: `Mutex`, `RwLock`, `Condvar`, `Atomic`, `Barrier`, `Channel`, or `OnceLock` |
//! | `values` | the states that the objects can be in: the object, its state in words (which may be empty), and for locks that are held, the list of the threads that hold it |
//! | `shared` | the states of all objects together: lists of values, one for each object that has been created |
//! | `outputs` | the lines that can have been printed so far: a list of lists of lines |
//! | `nodes` | the states of the program: see below. The program starts in node 0 |
//! | `endings` | how the program can end: see below. Those that reach the goal come first |
//! | `schedules` | the number of all schedules, as a string, because it may not fit in a JavaScript number |
//!
//! A *cursor* is a list. It's empty if the thread has finished. Otherwise, it has two to four elements:
//!
//! 1. the operation that the thread performs in its next step, as an index of `words`, or -1 if the thread has
//!    panicked;
//! 2. the lines that the thread is executing: a source, a line number (from 1), and so on in turn. The first two are
//!    the line of the operation, or the line that panicked. The next two are the line that called it, and so on;
//! 3. why the thread can't take a step (`waits for left, which B holds`), or the panic message, as an index of `words`;
//! 4. the threads that it waits for, if only these can end the wait: an edge of the wait-for graph. A circle of such
//!    edges is a deadlock.
//!
//! The *nodes* are one string, in which `;` separates the nodes. A node is `CHANGES|EDGES`, or `CHANGES|=ENDING` if the
//! program has ended, with an index of `endings`.
//!
//! The state of a node is a list of numbers: the states of all objects (an index of `shared`), the output so far (an
//! index of `outputs`), and the cursor of each thread that has been spawned (an index of `cursors`), in the order of
//! `threads`. Changes such as `0:5,7` replace some of these numbers: the first becomes 5, and the cursor of the thread
//! that has taken the step becomes 7. The others are those of the node before: the first one that has an edge to this
//! node. Node 0 has no node before it, so it states all numbers.
//!
//! The edges are the steps that can be taken, separated by commas. An edge is the number of the thread, then `.LABEL`
//! if there is something to say about the step, and then `>NODE`, the node that it leads to. The label is an index of
//! `words`, such as `sees 0`. A thread may have several edges: then the labels distinguish them, and the reader chooses
//! one. Otherwise, the label is known only after the step. `>NODE` is missing if no edge before it leads to that node:
//! nodes are numbered in the order in which these edges appear.
//!
//! An *ending* is an object:
//!
//! - `text`: the ending in words. `kind`: `deadlock`, `panic`, or `returned` (from `main`). `goal`: `true` if it
//!   reaches the goal; otherwise it's missing.
//! - `cycle`: the threads that wait for each other in a circle, if it's a deadlock of that kind, in the order in which
//!   each waits for the next.
//! - `schedules`: how many schedules lead there, as a string.
//! - `steps`: the shortest schedule that leads there: the one with the fewest switches between threads, and among these
//!   the one with the fewest steps. They are the indices of the edges, starting at node 0.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::hash::Hash;

use num_bigint::BigUint;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::explore::{Graph, Schedule};
use super::place::{Place, Source};
use super::program::{EndingKind, Program};
use super::state::{Cursor, Value};
use super::world::Options;

/// A list of distinct elements.
struct Table<T> {
    index: HashMap<T, usize>,
    items: Vec<Json>,
}

impl<T: Clone + Eq + Hash + Serialize> Table<T> {
    fn new() -> Self {
        Self { index: HashMap::new(), items: vec![] }
    }

    /// The index of an element, which is added if it's new.
    fn add(&mut self, item: &T) -> usize {
        let next = self.items.len();
        let index = *self.index.entry(item.clone()).or_insert(next);
        if index == next {
            self.items.push(json!(item));
        }
        index
    }
}

/// The state of an object: the object, its value, and its holders.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RecordedValue(usize, String, Vec<usize>);

impl Serialize for RecordedValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.2.as_slice() {
            [] => (self.0, &self.1).serialize(serializer),
            held_by => (self.0, &self.1, held_by).serialize(serializer),
        }
    }
}

/// A cursor as a list, in which words are indices.
fn cursor(cursor: &Cursor, words: &mut Table<String>) -> Json {
    let at: Vec<usize> = cursor.at.iter().flat_map(|place| [place.source, place.line]).collect();
    match (&cursor.next, &cursor.waits, &cursor.panicked) {
        (_, _, Some(message)) => json!([-1, at, words.add(message)]),
        (None, ..) => json!([]),
        (Some(next), None, _) => json!([words.add(next), at]),
        (Some(next), Some(wait), _) if wait.on.is_empty() => json!([words.add(next), at, words.add(&wait.why)]),
        (Some(next), Some(wait), _) => json!([words.add(next), at, words.add(&wait.why), wait.on]),
    }
}

/// The nodes of a graph in the order of a recording, and the number of each node there.
fn nodes_in_order(graph: &Graph) -> (Vec<usize>, Vec<usize>) {
    let mut numbers = vec![None; graph.nodes.len()];
    numbers[0] = Some(0);
    let mut order = vec![0];
    let mut next = 0;
    while let Some(node) = order.get(next).map(|node| &graph.nodes[*node]) {
        for edge in &node.edges {
            if numbers[edge.to].is_none() {
                numbers[edge.to] = Some(order.len());
                order.push(edge.to);
            }
        }
        next += 1;
    }
    (order, numbers.into_iter().flatten().collect())
}

/// Lists what differs between two states. The place of `stepped`, the cursor of the thread that took the step between
/// them, is left out.
fn changes(before: &[usize], stepped: Option<usize>, now: &[usize]) -> String {
    let changed = now.iter().enumerate().filter(|(index, value)| before.get(*index) != Some(value));
    let change = |(index, value): (usize, &usize)| match stepped {
        Some(stepped) if stepped == index => value.to_string(),
        _ => format!("{index}:{value}"),
    };
    changed.map(change).collect::<Vec<_>>().join(",")
}

/// Writes a graph as JSON, on one line, for a page that also has the [`html`] of the program.
pub fn json(program: &Program, options: Options, graph: &Graph) -> String {
    let mut recording = whole(program, options, graph);
    if let Some(program) = recording["sources"][0].as_object_mut() {
        program.remove("parts");
    }
    // A page contains the recording in a script element, which `</script>` would end.
    recording.to_string().replace("</", "<\\/")
}

/// A recording that also has the lines of the program.
pub fn whole(program: &Program, options: Options, graph: &Graph) -> Json {
    let (mut cursors, mut objects, mut values, mut shared) = (Table::new(), Table::new(), Table::new(), Table::new());
    let (mut outputs, mut words) = (Table::new(), Table::new());
    outputs.add(&vec![]);
    let goals = graph.goals(program);
    let endings = endings_in_order(graph, &goals);
    let (order, numbers) = nodes_in_order(graph);
    // The state of the node before each node that an edge has led to, and the place of the cursor that changes.
    let mut before: Vec<(Vec<usize>, Option<usize>)> = vec![(vec![], None)];
    let mut nodes = vec![];
    for (number, node) in order.iter().map(|node| &graph.nodes[*node]).enumerate() {
        let mut value = |it: &Value| {
            let object = objects.add(&(it.name.clone(), it.kind));
            values.add(&RecordedValue(object, it.value.clone(), it.held_by.clone()))
        };
        let now: Vec<usize> = node.state.objects.iter().map(&mut value).collect();
        let mut state = vec![shared.add(&now), outputs.add(&node.state.output)];
        state.extend(node.state.threads.iter().map(|it| cursors.add(&cursor(it, &mut words))));
        let (last, stepped) = &before[number];
        let changes = changes(last, *stepped, &state);
        let mut edges = vec![];
        for edge in &node.edges {
            let mut text = edge.choice.thread.to_string();
            if !edge.observed.is_empty() {
                _ = write!(text, ".{}", words.add(&edge.observed));
            }
            if numbers[edge.to] < before.len() {
                _ = write!(text, ">{}", numbers[edge.to]);
            } else {
                before.push((state.clone(), Some(2 + edge.choice.thread)));
            }
            edges.push(text);
        }
        let edges = edges.join(",");
        nodes.push(match node.ending.and_then(|ending| endings.iter().position(|other| *other == ending)) {
            None => format!("{changes}|{edges}"),
            Some(ending) => format!("{changes}|={ending}"),
        });
    }
    let counts = graph.schedules_to_endings();
    let ending = |&index: &usize| {
        let ending = &graph.endings[index];
        let mut json = json!({ "text": ending.text(), "kind": ending.kind(), "schedules": counts[index].to_string() });
        if goals.contains(&index) {
            json["goal"] = json!(true);
        }
        if let EndingKind::Deadlock { cycle, .. } = &ending.kind
            && !cycle.is_empty()
        {
            json["cycle"] = json!(cycle);
        }
        if let Some(shortest) = graph.shortest(&[index], 0, None) {
            json["steps"] = shortest.steps.iter().map(|(_, edge)| *edge).collect();
        }
        json
    };
    let mut recording = json!({
        "format": 2,
        "name": program.name,
        "title": program.title,
        "goal": program.goal,
        "threads": graph.threads,
        "sources": sources(program, graph),
        "endings": endings.iter().map(ending).collect::<Vec<_>>(),
        "schedules": graph.schedules().to_string(),
        "words": words.items,
        "cursors": cursors.items,
        "objects": objects.items,
        "values": values.items,
        "shared": shared.items,
        "outputs": outputs.items,
        "nodes": nodes.join(";"),
    });
    if program.question {
        recording["question"] = json!(true);
    }
    if let Some(fixed) = program.fixed {
        recording["fixed"] = json!(fixed);
    }
    if options != Options::DEFAULT {
        recording["options"] = json!({
            "weak_memory": options.weak_memory,
            "spurious_wakeups": options.spurious_wakeups,
            "timeouts": options.timeouts,
        });
    }
    recording
}

/// The endings: those that reach the goal, then those with the most schedules.
fn endings_in_order(graph: &Graph, goals: &[usize]) -> Vec<usize> {
    let counts = graph.schedules_to_endings();
    let mut order: Vec<usize> = (0..graph.endings.len()).collect();
    order.sort_by(|a, b| {
        let is_goal = |ending| goals.contains(ending);
        is_goal(b).cmp(&is_goal(a)).then(counts[*b].cmp(&counts[*a])).then(a.cmp(b))
    });
    order
}

/// The program's own file, and of the other files the functions that threads have been in.
fn sources(program: &Program, graph: &Graph) -> Vec<Json> {
    let places = graph.nodes.iter().flat_map(|node| &node.state.threads).flat_map(|cursor| &cursor.at);
    let mut used: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    places.for_each(|Place { source, line }| _ = used.entry(*source).or_default().insert(*line));
    let none = BTreeSet::new();
    let source = |(index, source): (usize, &Source)| {
        let lines: Vec<&str> = source.text.lines().collect();
        let parts = match index {
            0 => vec![(1, lines.len())],
            _ => functions(&lines, used.get(&index).unwrap_or(&none)),
        };
        let part = |(first, last): (usize, usize)| json!({ "first": first, "lines": lines[first - 1..last] });
        json!({ "path": source.path, "parts": parts.into_iter().map(part).collect::<Vec<_>>() })
    };
    program.sources.iter().enumerate().map(source).collect()
}

/// The first and the last line of each function that contains one of the `used` lines.
fn functions(lines: &[&str], used: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut parts: Vec<(usize, usize)> = vec![];
    for line in used {
        if parts.last().is_some_and(|(_, last)| last >= line) {
            continue;
        }
        let is_head = |text: &str| text.trim_start().starts_with("fn ") || text.contains(" fn ");
        let head = (1..=*line).rev().find(|number| is_head(lines[number - 1])).unwrap_or(*line);
        let end = |number: &usize| lines[number - 1].trim_end() == format!("{}}}", " ".repeat(indent(lines[head - 1])));
        let last = (*line..=lines.len()).find(end).unwrap_or(*line);
        parts.push((head, last));
    }
    parts
}

/// Writes the program, its goal, and the shortest schedule to the goal as HTML, without a blank line, so that it can be
/// included in a Markdown page. The schedule is left out if the reader is asked for all endings.
pub fn html(program: &Program, graph: &Graph) -> String {
    let mut html = String::new();
    let goals = graph.goals(program);
    let reaching = graph.shortest(&goals, 0, None);
    let all: Vec<usize> = (0..graph.endings.len()).collect();
    let shortest = reaching.clone().or_else(|| graph.shortest(&all, 0, None));
    html += "<div class=\"scheduler-static\">\n";
    _ = writeln!(html, "<p class=\"scheduler-goal\">{}</p>", escape(program.goal));
    html += "<pre class=\"scheduler-listing\">";
    for line in program.sources.first().map_or("", |source| source.text).lines() {
        // Markdown takes a line with nothing but a space for a blank one.
        _ = writeln!(html, "{}", if line.is_empty() { "&#32;".to_owned() } else { escape(line) });
    }
    html += "</pre>\n";
    if let Some(shortest) = shortest.filter(|_| !program.question) {
        table(&mut html, program, graph, &shortest, reaching.is_some());
    }
    html += "</div>\n";
    html
}

fn table(html: &mut String, program: &Program, graph: &Graph, schedule: &Schedule, reaches: bool) {
    let takes_part = |thread: &usize| {
        schedule.steps.iter().any(|(node, edge)| graph.nodes[*node].edges[*edge].choice.thread == *thread)
    };
    let threads: Vec<usize> = (0..graph.threads.len()).filter(takes_part).collect();
    let counts = graph.schedules_to_endings();
    let all = number(&graph.schedules().to_string());
    let reaching = number(&graph.goals(program).into_iter().map(|goal| &counts[goal]).sum::<BigUint>().to_string());
    let caption = match (reaches, all.as_str()) {
        (true, "1") => "The only schedule".to_owned(),
        (true, _) if reaching == "1" => format!("The one schedule of {all} that reaches the goal"),
        (true, _) => format!("{reaching} of {all} schedules reach the goal. This is the shortest"),
        (false, "1") => "The only schedule. It doesn't reach the goal".to_owned(),
        (false, _) => format!("None of the {all} schedules reaches the goal. This is the shortest"),
    };
    _ = writeln!(html, "<table class=\"scheduler-steps\">\n<caption>{caption}</caption>");
    *html += "<thead><tr><th>Step</th>";
    for thread in &threads {
        _ = write!(html, "<th>{}</th>", escape(&graph.threads[*thread]));
    }
    *html += "</tr></thead>\n<tbody>\n";
    for (index, step) in schedule.describe(program, graph).iter().enumerate() {
        _ = write!(html, "<tr><th>{}</th>", index + 1);
        for thread in &threads {
            if *thread == step.thread {
                _ = write!(html, "<td>{}</td>", escape(&step.text()));
            } else {
                *html += "<td></td>";
            }
        }
        *html += "</tr>\n";
    }
    *html += "</tbody>\n";
    if let Some(ending) = schedule.last(graph).and_then(|node| graph.nodes[node].ending) {
        let text = escape(&graph.endings[ending].text());
        _ = writeln!(html, "<tfoot><tr><th>End</th><td colspan=\"{}\">{text}</td></tr></tfoot>", threads.len());
    }
    *html += "</table>\n";
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A number with commas between groups of three digits.
pub(super) fn number(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!(["1", "123", "1234", "6527858"].map(number), ["1", "123", "1,234", "6,527,858"]);
    }

    #[test]
    fn a_part_of_a_source_is_a_function() {
        let lines =
            ["impl A {", "    fn a() {", "        b();", "    }", "", "    fn b() {", "        c();", "    }", "}"];
        assert_eq!(functions(&lines, &BTreeSet::from([3])), [(2, 4)]);
        assert_eq!(functions(&lines, &BTreeSet::from([2, 3, 7])), [(2, 4), (6, 8)]);
    }
}
