//! All schedules of a program, as a graph of the states that it can be in.
//!
//! The explorer takes the first step that it hasn't tried in each state, from the start of the program again and again,
//! until it has tried them all. Two schedules that lead to the same state are merged: the state, not the path to it,
//! decides what can happen next. Two states are the same if the shared objects, the output, and the history of each
//! thread are the same: all operations of the thread, and everything that they observed. A thread's local variables
//! depend on nothing else, if the program is deterministic apart from its schedule. Merging makes the number of
//! executions small even if there are millions of schedules, which are counted rather than tried.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt;

use num_bigint::BigUint;
use serde::Serialize;

use super::engine::{Execution, Stuck};
use super::program::{Ending, Program};
use super::state::State;
use super::world::{Choice, Options, ThreadId};

/// How many states are explored if the reader doesn't ask for another limit.
pub const STATES: usize = 20_000;

/// How many steps a schedule may have. The programs of the book have less than a hundred.
pub const STEPS: usize = 2_000;

/// The states that a program can be in, and the steps between them.
#[derive(Debug)]
pub struct Graph {
    /// The states. The first one is the start of the program.
    pub nodes: Vec<Node>,
    /// The distinct endings: those that reach the goal, then the others.
    pub endings: Vec<Ending>,
    /// The names of all threads.
    pub threads: Vec<String>,
    /// How often the program was executed.
    pub executions: usize,
}

/// A state that the program can be in.
#[derive(Debug)]
pub struct Node {
    /// The state, as the reader sees it.
    pub state: State,
    /// The steps that can be taken.
    pub edges: Vec<Edge>,
    /// The ending, as an index of the graph's endings, if no step can be taken.
    pub ending: Option<usize>,
}

/// A step from one state to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The step.
    pub choice: Choice,
    /// The state that it leads to, as an index of the graph's nodes.
    pub to: usize,
    /// The observation of the thread, such as `sees 0`; it may be empty.
    pub observed: String,
}

/// Why a program couldn't be explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexplored {
    /// It can be in more states than the limit.
    TooManyStates {
        /// The limit.
        limit: usize,
    },
    /// A schedule has more steps than the limit.
    TooManySteps {
        /// The limit.
        limit: usize,
    },
    /// A thread doesn't reach an operation.
    Stuck(Stuck),
}

impl From<Stuck> for Unexplored {
    fn from(stuck: Stuck) -> Self {
        Self::Stuck(stuck)
    }
}

impl fmt::Display for Unexplored {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::TooManyStates { limit } => write!(
                f,
                "stopped after {limit} states: the program can be in more. Give it fewer threads or fewer steps, or \
                 raise the limit with --limit"
            ),
            Self::TooManySteps { limit } => write!(
                f,
                "stopped after a schedule of {limit} steps: the program may not end. A loop that waits for another \
                 thread should call hint::spin_loop, thread::yield_now, or something that blocks"
            ),
            Self::Stuck(stuck) => stuck.fmt(f),
        }
    }
}

impl std::error::Error for Unexplored {}

/// A schedule: a path through a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The node before each step, and the edge of the step.
    pub steps: Vec<(usize, usize)>,
    /// How often a step is taken by another thread than the step before.
    pub switches: usize,
}

/// A step of a schedule, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The thread that takes it.
    pub thread: ThreadId,
    /// The name of the thread.
    pub name: String,
    /// The operation.
    pub operation: String,
    /// The file and the line of the operation, and of the calls that led there.
    pub at: Vec<(&'static str, usize)>,
    /// The observation of the thread; it may be empty.
    pub observed: String,
}

impl Step {
    /// The operation and the observation.
    pub fn text(&self) -> String {
        match self.observed.as_str() {
            "" => self.operation.clone(),
            observed => format!("{}: {observed}", self.operation),
        }
    }

    /// Describes the step of `thread` in a state.
    pub fn new(program: &Program, state: &State, names: &[String], thread: ThreadId, observed: &str) -> Self {
        let cursor = &state.threads[thread];
        Self {
            thread,
            name: names[thread].clone(),
            operation: cursor.next.clone().unwrap_or_default(),
            at: cursor.at.iter().map(|place| (program.sources[place.source].path, place.line)).collect(),
            observed: observed.to_owned(),
        }
    }
}

impl Schedule {
    /// The steps in words.
    pub fn describe(&self, program: &Program, graph: &Graph) -> Vec<Step> {
        let step = |(node, edge): &(usize, usize)| {
            let node = &graph.nodes[*node];
            let edge = &node.edges[*edge];
            Step::new(program, &node.state, &graph.threads, edge.choice.thread, &edge.observed)
        };
        self.steps.iter().map(step).collect()
    }

    /// The node that it leads to, if it has a step.
    pub fn last(&self, graph: &Graph) -> Option<usize> {
        self.steps.last().map(|(node, edge)| graph.nodes[*node].edges[*edge].to)
    }
}

/// Explores all schedules of a program, up to a limit of states.
///
/// ```
/// use chapters::scheduler::sync::Mutex;
/// use chapters::scheduler::{Options, Program, explore, println, thread};
///
/// let program = Program::of(|| {
///     let total = Mutex::new(0);
///     thread::scope(|scope| {
///         for _ in 0..2 {
///             scope.spawn(|| {
///                 let seen = *total.lock().unwrap();
///                 *total.lock().unwrap() = seen + 1;
///             });
///         }
///     });
///     println!("{}", total.into_inner().unwrap());
/// });
/// let graph = explore(&program, Options::DEFAULT, 1_000)?;
/// let counts: Vec<String> = graph.schedules_to_endings().iter().map(|count| count.to_string()).collect();
/// assert_eq!((graph.endings[0].output[0].as_str(), counts[0].as_str()), ("1", "4"));
/// assert_eq!((graph.endings[1].output[0].as_str(), counts[1].as_str()), ("2", "2"));
/// # Ok::<(), chapters::scheduler::explore::Unexplored>(())
/// ```
///
/// # Errors
///
/// When there are more states, when a schedule doesn't end, or when a thread doesn't reach an operation.
pub fn explore(program: &Program, options: Options, limit: usize) -> Result<Graph, Unexplored> {
    explore_with(program, options, limit, |_| ())
}

/// The same, and calls `progress` with the number of executions after each of them.
///
/// # Errors
///
/// As for [`explore`].
pub fn explore_with(
    program: &Program,
    options: Options,
    limit: usize,
    progress: impl FnMut(usize),
) -> Result<Graph, Unexplored> {
    Explorer::new(program, options, limit, true).explore(progress)
}

/// The same without merging: every schedule has states of its own. It's for holding the counts against, and takes far
/// longer.
///
/// # Errors
///
/// As for [`explore`].
pub fn enumerate(program: &Program, options: Options, limit: usize) -> Result<Graph, Unexplored> {
    Explorer::new(program, options, limit, false).explore(|_| ())
}

struct Explorer<'a> {
    program: &'a Program,
    options: Options,
    limit: usize,
    merge: bool,
    /// The node of each state, by its key.
    known: HashMap<(u64, Option<Ending>), usize>,
    nodes: Vec<Unfinished>,
    threads: Vec<String>,
}

/// A node whose edges may not all have been tried.
struct Unfinished {
    state: State,
    choices: Vec<Choice>,
    edges: Vec<(usize, String)>,
    ending: Option<Ending>,
    parent: Option<(usize, usize)>,
}

impl<'a> Explorer<'a> {
    fn new(program: &'a Program, options: Options, limit: usize, merge: bool) -> Self {
        Self { program, options, limit, merge, known: HashMap::new(), nodes: vec![], threads: vec![] }
    }

    fn explore(mut self, mut progress: impl FnMut(usize)) -> Result<Graph, Unexplored> {
        let mut executions = 0;
        let mut untried = vec![];
        loop {
            let first = untried.last().map(|node| self.path_to(*node)).unwrap_or_default();
            let execution = Execution::start(self.program, self.options, &first)?;
            executions += 1;
            self.follow(execution, untried.last().copied(), &mut untried)?;
            progress(executions);
            while untried.last().is_some_and(|node| self.is_tried(*node)) {
                untried.pop();
            }
            if untried.is_empty() {
                return Ok(self.finish(executions));
            }
        }
    }

    fn is_tried(&self, node: usize) -> bool {
        self.nodes[node].edges.len() == self.nodes[node].choices.len()
    }

    fn path_to(&self, mut node: usize) -> Vec<usize> {
        let mut path = vec![];
        while let Some((parent, edge)) = self.nodes[node].parent {
            path.push(edge);
            node = parent;
        }
        path.reverse();
        path
    }

    /// Takes steps that haven't been tried, from `node` on, until a known state or the end.
    fn follow(
        &mut self,
        mut execution: Execution,
        mut node: Option<usize>,
        untried: &mut Vec<usize>,
    ) -> Result<(), Unexplored> {
        let mut observed = String::new();
        loop {
            if let Some(at) = node {
                if execution.steps() >= STEPS {
                    return Err(Unexplored::TooManySteps { limit: STEPS });
                }
                observed = execution.step(self.nodes[at].edges.len())?;
            }
            let (here, is_new) = self.arrive(&execution, node)?;
            if let Some(at) = node {
                self.nodes[at].edges.push((here, observed.clone()));
            }
            if !is_new || self.nodes[here].choices.is_empty() {
                execution.finish()?;
                return Ok(());
            }
            untried.push(here);
            node = Some(here);
        }
    }

    /// The node of the state that the execution is in, and whether it's new.
    fn arrive(&mut self, execution: &Execution, from: Option<usize>) -> Result<(usize, bool), Unexplored> {
        let ending = execution.ending();
        let key = if self.merge { execution.key() } else { self.nodes.len() as u64 };
        let key = (key, ending.clone());
        if let Some(known) = self.known.get(&key) {
            return Ok((*known, false));
        }
        if self.nodes.len() == self.limit {
            return Err(Unexplored::TooManyStates { limit: self.limit });
        }
        let parent = from.map(|from| (from, self.nodes[from].edges.len()));
        let choices = if ending.is_some() { vec![] } else { execution.choices() };
        self.nodes.push(Unfinished { state: execution.state(), choices, edges: vec![], ending, parent });
        self.known.insert(key, self.nodes.len() - 1);
        let names = execution.thread_names();
        if names.len() > self.threads.len() {
            self.threads = names;
        }
        Ok((self.nodes.len() - 1, true))
    }

    fn finish(self, executions: usize) -> Graph {
        // The reader looks for those that reach the goal.
        let mut endings: Vec<Ending> = self.nodes.iter().filter_map(|node| node.ending.clone()).collect();
        let goal = self.program.reaches;
        endings.sort_by(|a, b| goal(b).cmp(&goal(a)).then_with(|| a.cmp(b)));
        endings.dedup();
        let finish = |node: Unfinished| {
            let edges = node.choices.into_iter().zip(node.edges);
            let edges = edges.map(|(choice, (to, observed))| Edge { choice, to, observed }).collect();
            let ending = node.ending.and_then(|ending| endings.iter().position(|other| *other == ending));
            Node { state: node.state, edges, ending }
        };
        let nodes = self.nodes.into_iter().map(finish).collect();
        Graph { nodes, endings, threads: self.threads, executions }
    }
}

impl Graph {
    /// The number of schedules.
    pub fn schedules(&self) -> BigUint {
        self.schedules_to_endings().into_iter().sum()
    }

    /// The number of schedules that lead to each of the endings.
    pub fn schedules_to_endings(&self) -> Vec<BigUint> {
        let mut counts = vec![BigUint::ZERO; self.endings.len()];
        for (node, count) in self.schedules_to_nodes().into_iter().enumerate() {
            if let Some(ending) = self.nodes[node].ending {
                counts[ending] += count;
            }
        }
        counts
    }

    /// The number of paths from the start to each node. The graph is acyclic, because the history of a thread grows.
    fn schedules_to_nodes(&self) -> Vec<BigUint> {
        let mut entering = vec![0_usize; self.nodes.len()];
        self.nodes.iter().flat_map(|node| &node.edges).for_each(|edge| entering[edge.to] += 1);
        let mut counts = vec![BigUint::ZERO; self.nodes.len()];
        counts[0] = BigUint::from(1_u32);
        let mut ready = vec![0];
        while let Some(node) = ready.pop() {
            for edge in &self.nodes[node].edges {
                let count = counts[node].clone();
                counts[edge.to] += count;
                entering[edge.to] -= 1;
                if entering[edge.to] == 0 {
                    ready.push(edge.to);
                }
            }
        }
        counts
    }

    /// The endings that reach the goal of a program.
    pub fn goals(&self, program: &Program) -> Vec<usize> {
        (0..self.endings.len()).filter(|ending| (program.reaches)(&self.endings[*ending])).collect()
    }

    /// The schedule to one of the `endings` with the fewest switches between threads, and among these the one with the
    /// fewest steps. It starts at `from`, which `last` has led to.
    pub fn shortest(&self, endings: &[usize], from: usize, last: Option<ThreadId>) -> Option<Schedule> {
        // Dijkstra's algorithm on pairs of a node and the thread that took the last step. The sequence number decides
        // among equals, so the result is always the same.
        type At = (usize, Option<ThreadId>);
        let mut best: BTreeMap<At, Option<(At, usize)>> = BTreeMap::new();
        let mut queue = BinaryHeap::new();
        let mut sequence = 0;
        queue.push(Reverse((0, 0, sequence, from, last, None)));
        while let Some(Reverse((switches, steps, _, node, last, before))) = queue.pop() {
            if best.contains_key(&(node, last)) {
                continue;
            }
            best.insert((node, last), before);
            if self.nodes[node].ending.is_some_and(|ending| endings.contains(&ending)) {
                let mut path = vec![];
                let mut at = (node, last);
                while let Some(Some((before, edge))) = best.get(&at) {
                    path.push((before.0, *edge));
                    at = *before;
                }
                path.reverse();
                return Some(Schedule { steps: path, switches });
            }
            for (index, edge) in self.nodes[node].edges.iter().enumerate() {
                sequence += 1;
                let thread = Some(edge.choice.thread);
                let switches = switches + usize::from(last.is_some() && last != thread);
                queue.push(Reverse((switches, steps + 1, sequence, edge.to, thread, Some(((node, last), index)))));
            }
        }
        None
    }
}
