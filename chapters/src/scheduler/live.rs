//! The protocol by which the reading room plays a program: lines of JSON on standard input and output.
//!
//! The first line that's written is the state at the start of the program. Then each line that's read is a command, and
//! each command is answered by one line:
//!
//! | command | meaning |
//! | --- | --- |
//! | `{"step":1}` | takes the step with this index in `choices` |
//! | `{"back":2}` | undoes this many steps; a number that's too large leads back to the start |
//! | `{"endings":true}` | explores all schedules |
//! | `{"hint":true}` | names the first step of the shortest schedule to the goal |
//! | `{"recording":true}` | explores all schedules, and returns the whole recording |
//!
//! A *state* is an object:
//!
//! - `step`: how many steps have been taken. `observed`: the observation of the last one, which may be empty.
//! - `threads`: for each thread its `name` and its cursor: `next`, the operation that it performs in its next step, which
//!   is missing if the thread has finished or panicked; `at`, the lines that it's executing, as pairs of a path and a
//!   line, the innermost first; `waits`, if it can't take a step, with `why` in words and `on`, the threads that it waits
//!   for; and `panicked`, the panic message.
//! - `objects`: the shared objects: `name`, `kind`, `value`, and `held_by` for locks that are held. `output`: the lines
//!   that have been printed.
//! - `choices`: the steps that can be taken: a `thread`, as an index of `threads`, and a `label`, which distinguishes
//!   the thread's steps if it has several, and may be empty.
//! - `ending`: `null`, or the ending, with `text`, `kind`, `goal`, and `cycle`.
//!
//! The answer to `endings` is an object with `endings`: `text`, `kind`, `goal`, `schedules`, `switches`, and
//! `schedule`, a list of the indices of the choices. The answer to `hint` is an object with `hint`, the index of a
//! choice, or `null` if no schedule leads from here to the goal. The answer to `recording` is an object with `recording`,
//! in which the program's own file has its lines (see [`recording`]). Anything that can't be done is answered by an object
//! with `error`, a sentence, and the program goes on. The end of the input ends the program.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::engine::{Execution, Stuck};
use super::explore::{self, Graph, Unexplored, explore};
use super::program::{Ending, EndingKind, Program};
use super::recording;
use super::world::Options;

/// A line that's read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Command {
    Step(usize),
    Back(usize),
    Endings(True),
    Hint(True),
    Recording(True),
}

/// The value `true`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "bool")]
struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("expected true") }
    }
}

/// A program that's being played, and the steps that have been taken.
pub struct Session<'a> {
    program: &'a Program,
    options: Options,
    limit: usize,
    execution: Execution,
    path: Vec<usize>,
    observed: Vec<String>,
    /// The result of exploring the program, once it has been asked for.
    graph: Option<Result<Graph, Unexplored>>,
}

impl<'a> Session<'a> {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach an operation.
    pub fn new(program: &'a Program, options: Options, limit: usize) -> Result<Self, Stuck> {
        let execution = Execution::start(program, options, &[])?;
        Ok(Self { program, options, limit, execution, path: vec![], observed: vec![], graph: None })
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The choices that have been made so far.
    pub fn path(&self) -> &[usize] {
        &self.path
    }

    /// The observation of the last step, such as `sees 0`.
    pub fn observed(&self) -> &str {
        self.observed.last().map_or("", String::as_str)
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach its next operation.
    ///
    /// # Panics
    ///
    /// When `choice` isn't an index of the choices.
    pub fn step(&mut self, choice: usize) -> Result<(), Stuck> {
        let observed = self.execution.step(choice)?;
        self.path.push(choice);
        self.observed.push(observed);
        Ok(())
    }

    /// Undoes a number of steps, or all if there are fewer, by starting again.
    ///
    /// # Errors
    ///
    /// When a thread doesn't reach its next operation.
    pub fn back(&mut self, steps: usize) -> Result<(), Stuck> {
        let left = self.path.len().saturating_sub(steps);
        self.path.truncate(left);
        self.observed.truncate(left);
        let again = Execution::start(self.program, self.options, &self.path)?;
        std::mem::replace(&mut self.execution, again).finish()
    }

    /// All schedules, which are explored once.
    ///
    /// # Errors
    ///
    /// When there are too many, or a thread doesn't reach its next operation.
    pub fn graph(&mut self) -> Result<&Graph, Unexplored> {
        let (program, options, limit) = (self.program, self.options, self.limit);
        self.graph.get_or_insert_with(|| explore(program, options, limit)).as_ref().map_err(Clone::clone)
    }

    /// The first choice of the shortest schedule from here to the goal; `None` if the goal can't be reached.
    ///
    /// # Errors
    ///
    /// As for [`graph`](Self::graph).
    pub fn hint(&mut self) -> Result<Option<usize>, Unexplored> {
        let (program, path) = (self.program, self.path.clone());
        let graph = self.graph()?;
        let (mut node, mut last) = (0, None);
        for choice in path {
            let edge = &graph.nodes[node].edges[choice];
            (node, last) = (edge.to, Some(edge.choice.thread));
        }
        let shortest = graph.shortest(&graph.goals(program), node, last);
        Ok(shortest.and_then(|shortest| shortest.steps.first().map(|(_, edge)| *edge)))
    }

    fn state(&self) -> Json {
        let (state, names) = (self.execution.state(), self.execution.thread_names());
        let threads = state.threads.iter().zip(&names).map(|(cursor, name)| {
            let mut json = json!(cursor);
            json["name"] = json!(name);
            if !cursor.at.is_empty() {
                json["at"] =
                    cursor.at.iter().map(|at| json!([self.program.sources[at.source].path, at.line])).collect();
            }
            json
        });
        let choices = self.execution.choices();
        let choices = choices.iter().map(|choice| json!({ "thread": choice.thread, "label": choice.label }));
        json!({
            "step": self.path.len(),
            "observed": self.observed(),
            "threads": threads.collect::<Vec<_>>(),
            "objects": state.objects,
            "output": state.output,
            "choices": choices.collect::<Vec<_>>(),
            "ending": self.execution.ending().map(|ending| self.ending(&ending)),
        })
    }

    fn ending(&self, ending: &Ending) -> Json {
        let cycle = match &ending.kind {
            EndingKind::Deadlock { cycle, .. } => cycle.clone(),
            EndingKind::Returned { .. } => vec![],
        };
        json!({ "text": ending.text(), "kind": ending.kind(), "goal": (self.program.reaches)(ending), "cycle": cycle })
    }

    fn endings(&mut self) -> Result<Json, Unexplored> {
        self.graph()?;
        let Some(Ok(graph)) = &self.graph else { return Ok(Json::Null) };
        let counts = graph.schedules_to_endings();
        let endings = graph.endings.iter().enumerate().map(|(index, ending)| {
            let mut json = self.ending(ending);
            json["schedules"] = json!(counts[index].to_string());
            if let Some(shortest) = graph.shortest(&[index], 0, None) {
                json["switches"] = json!(shortest.switches);
                json["schedule"] = shortest.steps.iter().map(|(_, edge)| *edge).collect();
            }
            json
        });
        Ok(json!({ "endings": endings.collect::<Vec<_>>() }))
    }

    fn answer(&mut self, line: &str) -> Result<Json, Stuck> {
        let error = |error: &dyn std::fmt::Display| json!({ "error": error.to_string() });
        let command = match serde_json::from_str(line) {
            Ok(command) => command,
            Err(_) => {
                let expected =
                    r#"expected {"step":N}, {"back":N}, {"endings":true}, {"hint":true}, or {"recording":true}"#;
                return Ok(error(&expected));
            }
        };
        Ok(match command {
            Command::Step(choice) => {
                let choices = self.execution.choices().len();
                if choice >= choices {
                    return Ok(error(&format!(
                        "there is no choice {choice}: there are {choices}, and the first one is 0"
                    )));
                }
                if self.path.len() >= explore::STEPS {
                    return Ok(error(&Unexplored::TooManySteps { limit: explore::STEPS }));
                }
                self.step(choice)?;
                self.state()
            }
            Command::Back(steps) => {
                self.back(steps)?;
                self.state()
            }
            Command::Endings(True) => self.endings().unwrap_or_else(|unexplored| error(&unexplored)),
            Command::Hint(True) => match self.hint() {
                Ok(hint) => json!({ "hint": hint }),
                Err(unexplored) => error(&unexplored),
            },
            Command::Recording(True) => {
                let (program, options) = (self.program, self.options);
                match self.graph() {
                    Ok(graph) => json!({ "recording": recording::whole(program, options, graph) }),
                    Err(unexplored) => error(&unexplored),
                }
            }
        })
    }
}

/// Plays a program by lines of JSON.
///
/// # Errors
///
/// When a thread doesn't reach an operation, or the lines can't be read or written.
pub fn run(
    program: &Program,
    options: Options,
    limit: usize,
    input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut session = Session::new(program, options, limit).map_err(io::Error::other)?;
    let mut answer = session.state();
    let mut lines = input.lines();
    loop {
        writeln!(output, "{answer}")?;
        output.flush()?;
        let Some(line) = lines.next() else { break };
        let line = line?;
        answer = session.answer(&line).map_err(io::Error::other)?;
    }
    session.execution.finish().map_err(io::Error::other)
}
