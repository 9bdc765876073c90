//! Tries every schedule of an exercise, and shows the one that breaks it.
//!
//! A check is a small program with two or three threads that use the exercise. The scheduler of the book runs it in every
//! schedule, first without spurious wakeups and then with at most one, so an exercise can't pass by chance. If a schedule
//! fails, the report shows the one with the fewest switches between threads, step by step, and says which step was wrong.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chapters::scheduler::explore::{Graph, Unexplored, explore_with};
use chapters::scheduler::{Cursor, Ending, Execution, Options, Program, Source, State, ThreadId, thread};

/// How many states a program may have. The programs of the checks have a few thousand.
const STATES: usize = 60_000;

/// How many steps a thread may take in a row while others could go on. The exercises need about ten.
const ALONE: usize = 100;

/// The beginning of a panic message of a check.
const VIOLATION: &str = "\u{1}";

/// A program that uses an exercise, and what must be true of it.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    run: fn(),
    shown: Option<&'static str>,
    options: Options,
    spurious: bool,
    spins: bool,
    forbidden: &'static [&'static str],
    ending: fn(&Ending) -> Result<(), String>,
    polling: &'static str,
    failing: &'static str,
    blocking: &'static str,
}

impl Trial {
    /// A program that must finish without a panic in every schedule, and mustn't poll.
    pub const fn new(run: fn()) -> Self {
        let (shown, options, spurious) = (None, Options::DEFAULT, true);
        let (polling, failing, blocking) = ("", "", "");
        let (spins, forbidden) = (false, &[] as &[&str]);
        Self { run, shown, options, spurious, spins, forbidden, ending: |_| Ok(()), polling, failing, blocking }
    }

    /// Shows a shared value of the exercise after each step.
    pub const fn showing(mut self, name: &'static str) -> Self {
        self.shown = Some(name);
        self
    }

    /// Lets loads see old stores.
    pub const fn with_weak_memory(mut self) -> Self {
        (self.options, self.spurious) = (Options::WEAK, false);
        self
    }

    /// Skips spurious wakeups, because the program uses no condition variable.
    pub const fn without_spurious_wakeups(mut self) -> Self {
        self.spurious = false;
        self
    }

    /// Allows a thread to spin, if it says so with `spin_loop`.
    pub const fn may_spin(mut self) -> Self {
        self.spins = true;
        self
    }

    /// Refuses operations of the exercise that begin with one of these words.
    pub const fn forbids(mut self, operations: &'static [&'static str]) -> Self {
        self.forbidden = operations;
        self
    }

    /// Judges each ending.
    pub const fn must(mut self, ending: fn(&Ending) -> Result<(), String>) -> Self {
        self.ending = ending;
        self
    }

    /// What to add to the report if a thread polls, if a schedule fails, and if a thread waits forever.
    pub const fn advice(mut self, polling: &'static str, failing: &'static str, blocking: &'static str) -> Self {
        (self.polling, self.failing, self.blocking) = (polling, failing, blocking);
        self
    }
}

/// The checks that were explored.
#[derive(Debug, Default)]
struct Explored {
    /// The check that's running.
    check: usize,
    /// Whether it's tried with a spurious wakeup.
    spurious: bool,
    /// The checks that must be tried with one as well.
    more: Vec<usize>,
    /// The number of schedules of each check.
    counts: BTreeMap<usize, String>,
}

static EXPLORED: Mutex<Explored> =
    Mutex::new(Explored { check: 0, spurious: false, more: vec![], counts: BTreeMap::new() });

fn state() -> MutexGuard<'static, Explored> {
    EXPLORED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes which check is running.
pub(crate) fn at(check: usize) {
    state().check = check;
}

/// Returns the checks that must be tried again with at most one spurious wakeup.
pub(crate) fn begin_with_spurious_wakeups() -> Vec<usize> {
    let mut state = state();
    state.spurious = true;
    std::mem::take(&mut state.more)
}

/// How many schedules each check had.
pub(crate) fn summary() -> String {
    let counts = &state().counts;
    if counts.is_empty() {
        return String::new();
    }
    let rows = counts.iter().map(|(check, count)| format!("\n  {:>5}  {count:>9}", check + 1));
    format!("  check  schedules{}\n\nEvery thread finishes in every schedule.", rows.collect::<String>())
}

/// Reports that the exercise broke a promise: the calling thread can't go on.
pub fn violated(what: &str) -> ! {
    panic!("{VIOLATION}{what}")
}

/// A step that stands for some work.
#[track_caller]
pub fn work() {
    thread::sleep(Duration::ZERO);
}

/// The name of the calling thread.
pub fn me() -> String {
    match thread::current().id().number() {
        0 => "main".to_owned(),
        number => char::from(b'A' + (number - 1) as u8).to_string(),
    }
}

/// Tries every schedule of a program.
///
/// # Errors
///
/// When a schedule fails, or when not all can be tried.
pub fn all(trial: &Trial) -> Result<(), String> {
    let files = super::files();
    outside(files[0].path, files[0].text)?;
    // The objects that the check creates have names as well.
    let sources = files.map(|file| Source { path: file.path, text: file.text });
    let sources: &'static [Source] = Box::leak(Box::new(sources));
    let program = Program { sources, ..Program::of(trial.run) };
    let Explored { check, spurious, .. } = *state();
    if !spurious {
        polling(trial, &program)?;
    }
    let options = Options { spurious_wakeups: spurious.into(), ..trial.options };
    let schedules = explored(trial, &program, options)?;
    let mut state = state();
    state.counts.insert(check, schedules);
    if trial.spurious && !spurious {
        state.more.push(check);
    }
    Ok(())
}

/// Finds code that the scheduler can't stop, because it uses threads or primitives of other crates.
fn outside(file: &str, text: &str) -> Result<(), String> {
    let words = ["thread", "Mutex", "Condvar", "RwLock", "Barrier", "mpsc", "Once", "Atomic", "Instant"];
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for start in ["std::", "parking_lot::", "crossbeam::", "tokio::"] {
            for (place, _) in code.match_indices(start) {
                let path = &code[place..];
                let is_use = code.trim_start().starts_with("use ");
                let end = path.find(|it: char| !(it.is_alphanumeric() || "_:".contains(it))).filter(|_| !is_use);
                let path = &path[..end.unwrap_or(path.len())];
                if let Some(word) = words.iter().find(|word| path.contains(**word)) {
                    let name = path.split("::").find(|name| name.contains(*word)).unwrap_or(word);
                    let advice = match (is_use, is_imported(name, text)) {
                        (true, _) => "Change the import.",
                        (false, true) => "Use the imported one.",
                        (false, false) => "Use the one from there.",
                    };
                    return Err(format!(
                        "{file}:{}: `{word}` isn't from `chapters::scheduler`, so the checker can't decide which thread \
                         takes the next step. {advice}",
                        number + 1
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Whether a file imports a name from the scheduler.
fn is_imported(name: &str, text: &str) -> bool {
    let imports = text.split("use chapters::scheduler::").skip(1);
    let mut names = imports.flat_map(|import| {
        let (names, _) = import.split_once(';').unwrap_or((import, ""));
        names.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
    });
    names.any(|imported| imported == name)
}

/// Reports the number of explored schedules to the runner, once in a thousand.
fn progress(schedules: usize) {
    if schedules.is_multiple_of(1_000) {
        super::report(&format!("@progress {} schedules so far\n", number(&schedules.to_string())));
    }
}

fn explored(trial: &Trial, program: &Program, options: Options) -> Result<String, String> {
    let graph = match explore_with(program, options, STATES, progress) {
        Ok(graph) => graph,
        Err(Unexplored::TooManyStates { limit }) => {
            return Err(format!(
                "There are too many schedules to try them all: the program can be in more than {limit} states. A simpler \
                 solution takes fewer steps."
            ));
        }
        Err(Unexplored::TooManySteps { limit }) => {
            return Err(format!("A schedule of {limit} steps doesn't end: a thread polls. {}", trial.polling));
        }
        Err(Unexplored::Stuck(stuck)) => return Err(stuck.to_string()),
    };
    let is_forbidden = |step: &Taken| forbids(trial, step);
    for (is_idle, found) in
        [(true, if trial.spins { None } else { find(&graph, &idles) }), (false, find(&graph, &is_forbidden))]
    {
        if let Some(steps) = found {
            let words = if is_idle { steps.last().map_or(POLLING, how_it_idles) } else { FORBIDDEN };
            let table = table(trial, program, &graph.threads, &steps);
            let who = &graph.threads[steps.last().map_or(0, |step| step.thread)];
            let report = format!("In this schedule, {who} {words}:\n\n{table}\n\n{}", trial.polling);
            return Err(report.trim_end().to_owned());
        }
    }
    let is_wrong = |ending: &Ending| ending.is_failure() || (trial.ending)(ending).is_err();
    let wrong: Vec<usize> = (0..graph.endings.len()).filter(|ending| is_wrong(&graph.endings[*ending])).collect();
    let Some(schedule) = graph.shortest(&wrong, 0, None) else { return Ok(number(&graph.schedules().to_string())) };
    let mut failing = graph.schedules();
    failing -= failing.clone();
    graph.schedules_to_endings().into_iter().enumerate().for_each(|(ending, count)| {
        if wrong.contains(&ending) {
            failing += count;
        }
    });
    let steps: Vec<Taken> = schedule.steps.iter().map(|(node, edge)| taken(&graph, *node, *edge)).collect();
    let last = schedule.last(&graph).unwrap_or(0);
    let ending = &graph.endings[graph.nodes[last].ending.unwrap_or(wrong[0])];
    let spurious = if options.spurious_wakeups > 0 { ", with at most one spurious wakeup," } else { "" };
    let (failing, all) = (number(&failing.to_string()), number(&graph.schedules().to_string()));
    let count = match (failing == all, all.as_str()) {
        (true, "1") => "The only schedule fails.".to_owned(),
        (true, _) => format!("All {all} schedules{spurious} fail."),
        (false, _) => {
            let verb = if failing == "1" { "fails" } else { "fail" };
            format!("{failing} of {all} schedules{spurious} {verb}.")
        }
    };
    let table = table(trial, program, &graph.threads, &steps);
    let state = &graph.nodes[last].state;
    if let Some(place) = unwritten(ending, state, &graph.threads) {
        return Err(format!("{place} isn't written yet. See hint 1."));
    }
    let (what, after, advice) = describe(trial, ending, state, &graph.threads, &steps);
    let end = if steps.is_empty() { "before the first step".to_owned() } else { format!("after step {}", steps.len()) };
    let mut report = format!("{count} In this one, {what} {end}:\n\n{table}\n");
    for line in [after.as_str(), advice].into_iter().filter(|line| !line.is_empty()) {
        _ = write!(report, "\n{line}\n");
    }
    Err(report.trim_end().to_owned())
}

/// A step that was taken, in words.
struct Taken {
    thread: ThreadId,
    operation: String,
    observed: String,
    line: Option<usize>,
    after: State,
}

fn taken(graph: &Graph, node: usize, edge: usize) -> Taken {
    let (before, edge) = (&graph.nodes[node].state, &graph.nodes[node].edges[edge]);
    step(before, edge.choice.thread, &edge.choice.label, &edge.observed, graph.nodes[edge.to].state.clone())
}

fn step(before: &State, thread: ThreadId, label: &str, observed: &str, after: State) -> Taken {
    let cursor = &before.threads[thread];
    let mut operation = cursor.next.clone().unwrap_or_default();
    // The table has a column for the value in a lock.
    let is_value = observed.starts_with("finds ") || observed.starts_with("leaves ");
    let mut observed = if observed.is_empty() || is_value { label } else { observed };
    let line = line(cursor);
    if operation == "sleep" && line.is_none() {
        operation = "work".to_owned();
    } else if observed == "wakes up spuriously" || label == "wakes up spuriously" {
        (operation, observed) = ("wake up spuriously".to_owned(), "");
    }
    Taken { thread, operation: in_words(&operation, observed, before), observed: observed.to_owned(), line, after }
}

/// The line of the exercise that a thread is executing, unless the exercise has called the check.
fn line(cursor: &Cursor) -> Option<usize> {
    cursor.at.first().filter(|place| place.source == 0).map(|place| place.line)
}

/// An operation as what a thread does, with the names of the objects marked as code.
fn in_words(operation: &str, observed: &str, state: &State) -> String {
    let (verb, rest) = operation.split_once(' ').unwrap_or((operation, ""));
    let verb = match verb {
        "try" => "tries".to_owned(),
        verb => format!("{verb}s"),
    };
    let mut words = format!("{verb} {rest}").trim_end().to_owned();
    for (one, other) in [(" and wait on ", " and waits on "), ("wakes up and lock ", "wakes up and locks ")] {
        words = words.replace(one, other);
    }
    let notified = words.split_once(" that waits on ").or_else(|| words.split_once(" that wait on "));
    if let Some((_, condvar)) = notified {
        return match observed.strip_prefix("wakes ") {
            Some(woken) => format!("notifies {woken} through `{condvar}`"),
            None => format!("notifies `{condvar}`, but no thread is waiting"),
        };
    }
    let names: Vec<&str> = state.objects.iter().map(|object| object.name.as_str()).collect();
    let mark = |word: &str| if names.contains(&word) { format!("`{word}`") } else { word.to_owned() };
    let mut words: String = words.split(' ').map(mark).collect::<Vec<_>>().join(" ");
    if !observed.is_empty() {
        _ = write!(words, ": {observed}");
    }
    words
}

/// The steps as a table.
fn table(trial: &Trial, program: &Program, threads: &[String], steps: &[Taken]) -> String {
    let value = |state: &State| {
        let shown = trial.shown?;
        state.objects.iter().find(|object| object.name == shown).map(|object| object.value.clone())
    };
    let width = steps.iter().map(|step| step.operation.chars().count()).max().unwrap_or(0).max(9);
    let shown = trial.shown.filter(|_| steps.iter().any(|step| value(&step.after).is_some())).unwrap_or_default();
    let mut text = format!("  step  thread  line  {:<width$}  {shown}", "operation").trim_end().to_owned();
    let long = steps.len() > 40;
    for (number, step) in steps.iter().enumerate() {
        if long && number == 4 {
            text += "\n   ...";
        }
        if long && (4..steps.len() - 2).contains(&number) {
            continue;
        }
        let line = step.line.map(|line| line.to_string()).unwrap_or_default();
        let value = value(&step.after).unwrap_or_default();
        let row = format!(
            "\n{:>6}  {:<6}  {line:>4}  {:<width$}  {value:>of$}",
            number + 1,
            threads[step.thread],
            step.operation,
            of = shown.chars().count()
        );
        text += row.trim_end();
    }
    if steps.is_empty() {
        text = format!("  (no thread takes a step in {})", program.sources[0].path);
    }
    text
}

/// The line with a `todo!()` that a thread has reached.
fn unwritten(ending: &Ending, state: &State, threads: &[String]) -> Option<String> {
    let (name, _) = ending.panics.iter().find(|(_, message)| message.starts_with("not yet implemented"))?;
    let thread = threads.iter().position(|other| other == name)?;
    Some(format!("{}:{}", super::files()[0].path, line(&state.threads[thread])?))
}

/// Says how a schedule fails, why, and what to do about it.
fn describe<'a>(
    trial: &Trial,
    ending: &Ending,
    state: &State,
    threads: &[String],
    steps: &[Taken],
) -> (String, String, &'a str) {
    let id = |name: &str| threads.iter().position(|other| other == name).unwrap_or(0);
    let violated = ending.panics.iter().find_map(|(_, message)| message.strip_prefix(VIOLATION));
    if let Some(what) = violated {
        let last = steps.last().map_or(0, |step| step.thread);
        return (what.to_owned(), before_wakeup(last, threads, steps), trial.failing);
    }
    if let Some((name, message)) = ending.panics.iter().find(|(_, message)| message != "a scoped thread panicked") {
        let file = super::files()[0].path;
        let place = line(&state.threads[id(name)]).map(|line| format!("{file}:{line}: "));
        let place = place.unwrap_or_default();
        let mut after = format!("{place}{message}");
        let why = before_wakeup(id(name), threads, steps);
        if !why.is_empty() {
            after += &format!("\n\n{why}");
        }
        return (format!("{name} panics"), after, trial.failing);
    }
    if ending.is_deadlock() {
        let joins = |why: &str| why.ends_with(" to finish");
        let blocked = state.threads.iter().enumerate().filter_map(|(thread, cursor)| {
            let wait = cursor.waits.as_ref()?;
            (!joins(&wait.why)).then(|| (thread, wait.why.clone()))
        });
        let blocked: Vec<(ThreadId, String)> = blocked.collect();
        let names: Vec<&str> = blocked.iter().map(|(thread, _)| threads[*thread].as_str()).collect();
        let verb = if names.len() == 1 { "waits" } else { "wait" };
        let mut after = String::new();
        for (thread, why) in &blocked {
            let who = &threads[*thread];
            _ = writeln!(after, "{}", missed(*thread, threads, steps).unwrap_or_else(|| format!("{who} {why}.")));
        }
        return (format!("{} {verb} forever", names.join(" and ")), after.trim_end().to_owned(), trial.blocking);
    }
    let wrong = (trial.ending)(ending).err().unwrap_or_default();
    ("the program ends wrong".to_owned(), wrong, trial.failing)
}

/// Says which notification a thread missed that waits for one.
fn missed(thread: ThreadId, threads: &[String], steps: &[Taken]) -> Option<String> {
    let who = &threads[thread];
    // If its last step was another one, it has woken up, and waits for something else now.
    let waits = steps.iter().rposition(|step| step.thread == thread)?;
    let condvar = steps[waits].operation.split(" and waits on ").nth(1)?;
    let notifies = |step: &Taken| step.operation.starts_with("notifies ") && step.operation.contains(condvar);
    let is_notified = |step: &Taken| {
        let woken = step.observed.strip_prefix("wakes ").unwrap_or_default();
        notifies(step) && woken.split(", ").any(|woken| woken == who)
    };
    if steps[waits + 1..].iter().any(is_notified) {
        // It can't wake up, because it waits for the lock.
        return None;
    }
    let after = steps[waits + 1..].iter().position(notifies).map(|place| waits + 1 + place);
    if let Some(place) = after {
        let woken = steps[place].observed.strip_prefix("wakes ").unwrap_or("no thread");
        return Some(format!(
            "{who} has been waiting on {condvar} since step {}. The notification of {} in step {} woke {woken}, and none came for {who}.",
            waits + 1,
            threads[steps[place].thread],
            place + 1
        ));
    }
    let locked = steps[..waits].iter().position(|step| step.thread == thread)?;
    let early = (locked..waits).rev().find(|place| notifies(&steps[*place]) && steps[*place].thread != thread);
    Some(match early {
        Some(early) if is_notified(&steps[early]) => format!(
            "{who} was notified by {} in step {}, and has been waiting on {condvar} again since step {}. No thread notified it \
             after that.",
            threads[steps[early].thread],
            early + 1,
            waits + 1
        ),
        Some(early) => format!(
            "{who} didn't start to wait until step {}, so it missed the notification of {} in step {}.",
            waits + 1,
            threads[steps[early].thread],
            early + 1
        ),
        None => format!(
            "{who} has been waiting on {condvar} since step {}, and no thread notified it after that.",
            waits + 1
        ),
    })
}

/// Says what happened between a notification and the wakeup of a thread.
fn before_wakeup(thread: ThreadId, threads: &[String], steps: &[Taken]) -> String {
    let who = &threads[thread];
    let wakes = |step: &Taken| step.thread == thread && step.operation.starts_with("wakes up");
    let Some(woke) = steps.iter().rposition(wakes) else { return String::new() };
    if steps[woke].operation.contains("spuriously") {
        return format!("No thread had notified {who}: its wakeup in step {} was spurious.", woke + 1);
    }
    let notifies = |step: &Taken| {
        step.observed.strip_prefix("wakes ").is_some_and(|woken| woken.split(", ").any(|woken| woken == who))
    };
    let Some(notified) = steps[..woke].iter().rposition(notifies) else { return String::new() };
    let between = steps[notified + 1..woke].iter().find(|step| {
        step.thread != thread && step.thread != steps[notified].thread && step.operation.starts_with("locks ")
    });
    between.map_or_else(String::new, |other| {
        format!(
            "{} notified {who} in step {}, but {} was there before {who} woke up in step {}.",
            threads[steps[notified].thread],
            notified + 1,
            threads[other.thread],
            woke + 1
        )
    })
}

/// The words for a thread that performs an operation that the trial forbids.
const FORBIDDEN: &str = "does what isn't allowed here";

/// Whether the trial forbids a step.
fn forbids(trial: &Trial, step: &Taken) -> bool {
    trial.forbidden.iter().any(|words| step.operation.starts_with(words))
}

/// Whether a step only passes the time.
fn idles(step: &Taken) -> bool {
    let idle = ["lets others run", "sleeps", "tries to lock"];
    step.observed == "times out" || idle.iter().any(|words| step.operation.starts_with(words))
}

/// The words for a thread that only passes the time.
const POLLING: &str = "polls instead of waiting";

/// Describes a step that only passes the time.
fn how_it_idles(step: &Taken) -> &'static str {
    if step.operation.starts_with("tries to lock") { "tries to lock instead of waiting" } else { POLLING }
}

/// The way to the nearest step of the exercise that has a property.
fn find(graph: &Graph, is_it: &dyn Fn(&Taken) -> bool) -> Option<Vec<Taken>> {
    let mut from: HashMap<usize, (usize, usize)> = HashMap::new();
    let mut queue = VecDeque::from([0]);
    while let Some(node) = queue.pop_front() {
        for (edge, to) in graph.nodes[node].edges.iter().enumerate() {
            let step = taken(graph, node, edge);
            if step.line.is_some() && is_it(&step) {
                let mut steps = vec![step];
                let mut at = node;
                while let Some((before, edge)) = from.get(&at) {
                    steps.push(taken(graph, *before, *edge));
                    at = *before;
                }
                steps.reverse();
                return Some(steps);
            }
            if to.to != 0 && !from.contains_key(&to.to) {
                from.insert(to.to, (node, edge));
                queue.push_back(to.to);
            }
        }
    }
    None
}

/// How the threads of an execution take turns.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turns {
    /// This one begins, and each runs for as long as it can.
    Alone(usize),
    /// This one takes some steps, and then another one runs for as long as it can.
    Interrupted(usize, usize),
    /// Each takes one step.
    Alternating,
}

/// Finds a thread that never stops, or that passes the time, in a few schedules. The others might not end.
fn polling(trial: &Trial, program: &Program) -> Result<(), String> {
    let start = Execution::start(program, trial.options, &[]).map_err(|stuck| stuck.to_string())?;
    let count = start.choices().len();
    start.finish().map_err(|stuck| stuck.to_string())?;
    polls(trial, program, Turns::Alternating)?;
    for first in 0..count {
        let steps = polls(trial, program, Turns::Alone(first))?;
        // Some threads poll only while another one is in the middle of something, and then there are too many schedules to
        // try them all.
        if count > 1 {
            for after in 1..steps {
                polls(trial, program, Turns::Interrupted(first, after))?;
            }
        }
    }
    Ok(())
}

/// Runs the program once, and returns how many steps it takes.
fn polls(trial: &Trial, program: &Program, turns: Turns) -> Result<usize, String> {
    let mut execution = Execution::start(program, trial.options, &[]).map_err(|stuck| stuck.to_string())?;
    let mut steps: Vec<Taken> = vec![];
    let (mut alone, mut last) = (0, None);
    while execution.ending().is_none() && steps.len() < 10 * ALONE {
        let choices = execution.choices();
        let same = last.and_then(|last| choices.iter().position(|choice| choice.thread == last));
        let other = last.and_then(|last| choices.iter().position(|choice| choice.thread > last));
        let choice = match (turns, last) {
            (Turns::Alone(first) | Turns::Interrupted(first, _), None) => first.min(choices.len() - 1),
            (Turns::Interrupted(_, after), Some(_)) if steps.len() == after => other.unwrap_or(0),
            (Turns::Alone(_) | Turns::Interrupted(..), Some(_)) => same.unwrap_or(0),
            (Turns::Alternating, _) => other.unwrap_or(0),
        };
        let (before, thread, label) = (execution.state(), choices[choice].thread, choices[choice].label.clone());
        alone = if last == Some(thread) { alone + 1 } else { 0 };
        let observed = execution.step(choice).map_err(|stuck| stuck.to_string())?;
        steps.push(step(&before, thread, &label, &observed, execution.state()));
        last = Some(thread);
        let is_idle = !trial.spins && steps.last().is_some_and(|step| step.line.is_some() && idles(step));
        let is_forbidden = steps.last().is_some_and(|step| step.line.is_some() && forbids(trial, step));
        if alone < ALONE && !is_idle && !is_forbidden {
            continue;
        }
        let names = execution.thread_names();
        let table = table(trial, program, &names, &steps);
        let how = match (is_forbidden, is_idle) {
            (true, _) => FORBIDDEN.to_owned(),
            (false, true) => steps.last().map_or(POLLING, how_it_idles).to_owned(),
            (false, false) => format!("polls. It takes more than {ALONE} steps in a row and never waits"),
        };
        let report = format!("In this schedule, {} {how}:\n\n{table}\n\n{}", names[thread], trial.polling);
        return Err(report.trim_end().to_owned());
    }
    execution.finish().map_err(|stuck| stuck.to_string())?;
    Ok(steps.len())
}

/// A number with commas.
fn number(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
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
        assert_eq!(["1", "100", "1000", "1234567"].map(number), ["1", "100", "1,000", "1,234,567"]);
    }

    #[test]
    fn code_that_the_scheduler_cannot_stop_is_found() {
        let check = |text: &str| outside("a.rs", text);
        assert!(check("use std::thread;").unwrap_err().starts_with("a.rs:1: `thread`"));
        assert!(check("\nuse std::{sync::Mutex};").unwrap_err().starts_with("a.rs:2: `Mutex`"));
        assert!(check("std::thread::sleep(A)").unwrap_err().ends_with("Use the one from there."));
        let imported = "use chapters::scheduler::{sync::Mutex, thread};\nstd::thread::sleep(A)";
        assert!(check(imported).unwrap_err().ends_with("Use the imported one."));
        assert!(check("use std::thread;").unwrap_err().ends_with("Change the import."));
        assert_eq!(check("let address = |mutex: &Mutex<u32>| std::ptr::from_ref(mutex).addr();"), Ok(()));
        assert_eq!(check("use std::sync::atomic::Ordering; // not std::sync::Mutex"), Ok(()));
        assert_eq!(check("use std::collections::VecDeque;\nuse chapters::scheduler::thread;"), Ok(()));
    }
}
