//! Recorded schedules: everything that a page needs to let the reader schedule a program, without running it.
//!
//! A recording is a JSON object on one line. It contains the whole graph of the states that the program can be in, so a
//! page shows a node, follows an edge when the reader takes a step, and keeps a list of edges for undoing them.
//! `chapter-scheduler --write=FOLDER` writes `NAME.json`, and beside it `NAME.html`, which shows one schedule to
//! readers without JavaScript.
//!
//! # The format
//!
//! All indices count from 0. Fields that would be empty are left out of cursors and endings.
//!
//! | field | meaning |
//! | --- | --- |
//! | `format` | the version of the format: 1 |
//! | `name`, `title`, `goal` | the name of the program, a few words about it, and the reader's goal as a sentence |
//! | `fixed` | the name of the program without the fault; `null` if there is none |
//! | `options` | `weak_memory`: whether loads may see old stores; `spurious_wakeups` and `timeouts`: how many of them a schedule may have while other threads could take a step |
//! | `threads` | the names of the threads, the main thread first |
//! | `sources` | the files: `path`, such as `programs/two_locks.rs` or `src/threads/lock.rs`, and `parts`, each with the number of its `first` line and its `lines` |
//! | `cursors` | where a thread can be: see below |
//! | `objects` | the shared objects: the name of the variable or the field, and the kind: `Mutex`, `RwLock`, `Condvar`, `Atomic`, `Barrier`, `Channel`, or `OnceLock` |
//! | `values` | the states that the objects can be in: the object, its state in words (which may be empty), and for locks that are held, the list of the threads that hold it |
//! | `shared` | the states of all objects together: lists of values, one for each object that has been created |
//! | `outputs` | the lines that can have been printed so far: a list of lists of lines |
//! | `labels` | what a step can observe, such as `sees 0` |
//! | `nodes` | the states of the program: see below. The program starts in node 0 |
//! | `endings` | how the program can end: see below. Those that reach the goal come first |
//! | `schedules` | the number of all schedules, as a string, because it may not fit in a JavaScript number |
//!
//! A *cursor* is an object:
//!
//! - `next`: the operation that the thread performs in its next step, in words. If it's missing, the thread has
//!   finished, or panicked.
//! - `at`: the lines that the thread is executing, as pairs of a source and a line number (from 1). The first pair is
//!   the line of the operation, the second one is the line that called it, and so on.
//! - `waits`: why the thread can't take a step. `why` says it in words (`waits for left, which B holds`), and `on`
//!   lists the threads that it waits for, if only these can end the wait: an edge of the wait-for graph. A circle of
//!   such edges is a deadlock.
//! - `panicked`: the panic message. `at` is then the line that panicked.
//!
//! A *node* is a list of four or five elements:
//!
//! 1. the cursor of each thread that has been spawned, as indices of `cursors`, in the order of `threads`;
//! 2. the states of all objects, as an index of `shared`;
//! 3. the output so far, as an index of `outputs`;
//! 4. the edges: the steps that can be taken. An edge is a list of the thread and the node that the step leads to, and
//!    if there is something to say, of an observation of the thread, as an index of `labels`. A thread may have several
//!    edges: then the labels distinguish them, and the reader chooses one. Otherwise, the label is known only after the
//!    step.
//! 5. in a node without edges: the ending, as an index of `endings`.
//!
//! An *ending* is an object:
//!
//! - `text`: the ending in words. `kind`: `deadlock`, `panic`, or `returned` (from `main`). `goal`: whether it reaches
//!   the goal.
//! - `cycle`: the threads that wait for each other in a circle, if it's a deadlock of that kind, in the order in which
//!   each waits for the next.
//! - `schedules`: how many schedules lead there, as a string.
//! - `switches` and `steps`: the shortest schedule that leads there: the one with the fewest switches between threads,
//!   and among these the one with the fewest steps. `steps` are the indices of the edges, starting at node 0.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::hash::Hash;

use num_bigint::BigUint;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::explore::{Edge, Graph, Schedule};
use super::place::{Place, Source};
use super::program::{EndingKind, Program};
use super::state::Value;
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

/// Writes a graph as JSON, on one line.
pub fn json(program: &Program, options: Options, graph: &Graph) -> String {
    let (mut cursors, mut objects, mut values, mut shared) = (Table::new(), Table::new(), Table::new(), Table::new());
    let (mut outputs, mut labels) = (Table::new(), Table::new());
    outputs.add(&vec![]);
    let goals = graph.goals(program);
    let order = endings_in_order(graph, &goals);
    let mut nodes = vec![];
    for node in &graph.nodes {
        let threads: Vec<usize> = node.state.threads.iter().map(|cursor| cursors.add(cursor)).collect();
        let mut value = |it: &Value| {
            let object = objects.add(&(it.name.clone(), it.kind));
            values.add(&RecordedValue(object, it.value.clone(), it.held_by.clone()))
        };
        let now: Vec<usize> = node.state.objects.iter().map(&mut value).collect();
        let now = shared.add(&now);
        let edge = |edge: &Edge| match edge.observed.as_str() {
            "" => json!([edge.choice.thread, edge.to]),
            observed => json!([edge.choice.thread, edge.to, labels.add(&observed.to_owned())]),
        };
        let edges: Vec<Json> = node.edges.iter().map(edge).collect();
        let output = outputs.add(&node.state.output);
        nodes.push(match node.ending.and_then(|ending| order.iter().position(|other| *other == ending)) {
            None => json!([threads, now, output, edges]),
            Some(ending) => json!([threads, now, output, edges, ending]),
        });
    }
    let counts = graph.schedules_to_endings();
    let endings = order.iter().map(|&index| {
        let ending = &graph.endings[index];
        let mut json = json!({
            "text": ending.text(),
            "kind": ending.kind(),
            "goal": goals.contains(&index),
            "schedules": counts[index].to_string(),
        });
        if let EndingKind::Deadlock { cycle, .. } = &ending.kind
            && !cycle.is_empty()
        {
            json["cycle"] = json!(cycle);
        }
        if let Some(shortest) = graph.shortest(&[index], 0, None) {
            json["switches"] = json!(shortest.switches);
            json["steps"] = shortest.steps.iter().map(|(_, edge)| *edge).collect();
        }
        json
    });
    let recording = json!({
        "format": 1,
        "name": program.name,
        "title": program.title,
        "goal": program.goal,
        "fixed": program.fixed,
        "options": {
            "weak_memory": options.weak_memory,
            "spurious_wakeups": options.spurious_wakeups,
            "timeouts": options.timeouts,
        },
        "threads": graph.threads,
        "sources": sources(program, graph),
        "endings": endings.collect::<Vec<_>>(),
        "schedules": graph.schedules().to_string(),
        "cursors": cursors.items,
        "objects": objects.items,
        "values": values.items,
        "shared": shared.items,
        "outputs": outputs.items,
        "labels": labels.items,
        "nodes": nodes,
    });
    // A page contains the recording in a script element, which `</script>` would end.
    recording.to_string().replace("</", "<\\/")
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
/// included in a Markdown page.
pub fn html(program: &Program, graph: &Graph) -> String {
    let mut html = String::new();
    let goals = graph.goals(program);
    let reaching = graph.shortest(&goals, 0, None);
    let all: Vec<usize> = (0..graph.endings.len()).collect();
    let shortest = reaching.clone().or_else(|| graph.shortest(&all, 0, None));
    html += "<div class=\"scheduler-static\">\n";
    _ = writeln!(html, "<p class=\"scheduler-goal\">{}</p>", escape(program.goal));
    html += "<pre class=\"scheduler-listing\">";
    for (index, line) in program.sources.first().map_or("", |source| source.text).lines().enumerate() {
        _ = writeln!(html, "<span class=\"scheduler-line\" data-line=\"{}\">{}</span>", index + 1, escape(line));
    }
    html += "</pre>\n";
    if let Some(shortest) = shortest {
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
    *html += "<thead><tr><th scope=\"col\">Step</th>";
    for thread in &threads {
        _ = write!(html, "<th scope=\"col\">{}</th>", escape(&graph.threads[*thread]));
    }
    *html += "</tr></thead>\n<tbody>\n";
    for (index, step) in schedule.describe(program, graph).iter().enumerate() {
        _ = write!(html, "<tr><th scope=\"row\">{}</th>", index + 1);
        for thread in &threads {
            if *thread == step.thread {
                _ = write!(html, "<td class=\"scheduler-thread-{thread}\">{}</td>", escape(&step.text()));
            } else {
                *html += "<td></td>";
            }
        }
        *html += "</tr>\n";
    }
    *html += "</tbody>\n";
    if let Some(ending) = schedule.last(graph).and_then(|node| graph.nodes[node].ending) {
        let text = escape(&graph.endings[ending].text());
        _ = writeln!(
            html,
            "<tfoot><tr><th scope=\"row\">End</th><td colspan=\"{}\">{text}</td></tr></tfoot>",
            threads.len()
        );
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
