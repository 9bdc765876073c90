//! Where a thread is: the lines of the program that it's executing, from a call stack.
//!
//! A location that `#[track_caller]` passes on would be enough for a call, but not for the release of a guard, because
//! the compiler calls `drop` from the standard library. So each operation walks the stack with the `backtrace` crate
//! and keeps the frames that are in the sources of the program: the line that locks or unlocks, and its callers. This
//! also shows the way through the book's own primitives.
//!
//! The frames depend on how the code was optimized. The package with the book's programs is therefore always compiled
//! without optimization (see `Cargo.toml`), so that a recorded schedule is the same in every profile and on every
//! machine.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

/// A source file that a program shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The end of the file's path, as in `threads/lock.rs`: enough to tell the file from others.
    pub path: &'static str,
    /// The whole text.
    pub text: &'static str,
}

/// A line of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file, as an index of the program's sources.
    pub source: usize,
    /// The line, from 1.
    pub line: usize,
}

/// The lines that a thread is executing: the innermost first, each one called from the next.
pub type Stack = Vec<Place>;

/// The files, the lines, and the columns of a frame, which has several if functions were inlined into it.
type Frames = Arc<[(Arc<str>, usize, usize)]>;

thread_local! {
    /// The source lines of each return address, which are looked up once: a lookup takes far longer than a step.
    static FRAMES: RefCell<HashMap<usize, Frames>> = RefCell::new(HashMap::new());
}
static ALL_FRAMES: std::sync::Mutex<Option<HashMap<usize, Frames>>> = std::sync::Mutex::new(None);

/// Finds the calling thread's place in `sources`. `caller` is used if the debug information is missing.
pub(super) fn stack(sources: &[Source], caller: &Location<'_>) -> Stack {
    let mut stack: Stack = columns(sources).into_iter().map(|(place, _)| place).collect();
    if stack.is_empty() {
        stack.extend(find(sources, &normal(caller.file()), caller.line() as usize));
    }
    stack
}

/// The same, with the column at which each line calls the one before.
fn columns(sources: &[Source]) -> Vec<(Place, usize)> {
    let mut places = vec![];
    if sources.is_empty() {
        return places; // walking the stack takes longer than a step
    }
    backtrace::trace(|frame| {
        let frames = frames(frame);
        let place = |(file, line, column): &(Arc<str>, usize, usize)| Some((find(sources, file, *line)?, *column));
        places.extend(frames.iter().filter_map(place));
        true
    });
    places
}

fn frames(frame: &backtrace::Frame) -> Frames {
    let address = frame.ip() as usize;
    if let Some(known) = FRAMES.with_borrow(|frames| frames.get(&address).cloned()) {
        return known;
    }
    let mut all = ALL_FRAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let found = all.get_or_insert_default().entry(address).or_insert_with(|| {
        let mut lines = vec![];
        backtrace::resolve_frame(frame, |symbol| {
            if let (Some(file), Some(line)) = (symbol.filename().and_then(|file| file.to_str()), symbol.lineno()) {
                lines.push((normal(file).into(), line as usize, symbol.colno().unwrap_or_default() as usize));
            }
        });
        lines.into()
    });
    let found = Arc::clone(found);
    FRAMES.with_borrow_mut(|frames| frames.insert(address, Arc::clone(&found)));
    found
}

/// A path with slashes and without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = vec![];
    for part in path.split(['/', '\\']) {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => _ = parts.pop(),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn find(sources: &[Source], file: &str, line: usize) -> Option<Place> {
    let is_it = |source: &Source| {
        file.strip_suffix(source.path).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
    };
    sources.iter().position(is_it).map(|source| Place { source, line })
}

// ---- names ----

/// The name of the object that is created at `at`: the variable or the field that it's assigned to.
pub(super) fn name(sources: &[Source], at: &Location<'_>, kind: &str) -> String {
    let unnamed = || format!("{} of line {}", kind.to_lowercase(), at.line());
    let Some(place) = find(sources, &normal(at.file()), at.line() as usize) else { return unnamed() };
    let lines: Vec<&str> = sources[place.source].text.lines().collect();
    let line = lines.get(place.line - 1).copied().unwrap_or_default();
    let (before, _) = line.split_at_checked(at.column() as usize - 1).unwrap_or((line, ""));
    if line.trim_start().starts_with("#[derive(") {
        return derived_field(&lines[place.line..], kind).unwrap_or_else(unnamed);
    }
    assigned(before).or_else(|| enclosing(&lines[..place.line - 1], before)).unwrap_or_else(unnamed)
}

/// The same, with the names of the variables or the fields that the object is part of, if other files create these:
/// `lock.value`, or `queue.not_empty.waiters`.
pub(super) fn name_of_part(sources: &[Source], at: &Location<'_>, kind: &str) -> String {
    let mut name = name(sources, at, kind);
    let stack = columns(sources);
    let Some(&(mut last, _)) = stack.first() else { return name };
    for (place, column) in &stack {
        if place.source != last.source {
            let line = sources[place.source].text.lines().nth(place.line - 1).unwrap_or_default();
            if let Some(whole) = whole(line, *column) {
                name = format!("{whole}.{name}");
            }
        }
        last = *place;
    }
    name
}

/// The variable or the field that gets the result of the call at `column` of a line. The line of a field is that of a
/// `derive`, which has no call.
fn whole(line: &str, column: usize) -> Option<String> {
    let before = line.get(..column.saturating_sub(1)).filter(|before| !before.trim().is_empty());
    assigned(before.unwrap_or_else(|| line.rsplit_once('(').map_or(line, |(before, _)| before)))
}

/// The two names that a pair, such as a channel's ends, is assigned to.
pub(super) fn pair(sources: &[Source], at: &Location<'_>) -> Option<(String, String)> {
    let place = find(sources, &normal(at.file()), at.line() as usize)?;
    let line = sources[place.source].text.lines().nth(place.line - 1)?;
    let (_, names) = line.split_once('(')?;
    let (first, rest) = names.split_once(',')?;
    let (second, _) = rest.split_once(')')?;
    Some((identifier(first)?, identifier(second)?))
}

fn identifier(text: &str) -> Option<String> {
    let mut text = text.trim();
    for keyword in ["pub(crate) ", "pub(super) ", "pub ", "let ", "mut ", "static ", "const "] {
        text = text.strip_prefix(keyword).unwrap_or(text).trim_start();
    }
    let text = text.split(':').next()?.trim();
    let is_name = !text.is_empty() && text.chars().all(|it| it.is_alphanumeric() || it == '_');
    is_name.then(|| text.to_owned())
}

/// The name in `let NAME = ...`, `let (.., NAME, ..) = (.., ...`, `let NAME = [.., ...`, or `NAME: ...`.
fn assigned(before: &str) -> Option<String> {
    if let Some((names, values)) = before.split_once(" = ").filter(|(_, values)| !values.contains(" { ")) {
        let nth = position(values);
        let names = names.trim().trim_start_matches("let ").trim();
        if let Some(tuple) = names.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            return identifier(tuple.split(',').nth(nth)?);
        }
        let name = identifier(names)?;
        return Some(if values.trim_start().starts_with('[') { format!("{name}[{nth}]") } else { name });
    }
    // The field that is nearest, as in `Arc::new(Lock { state: AtomicU32::new(0), parked: Mutex::new(()) })`.
    let mut rest = before;
    while let Some((left, _)) = rest.rsplit_once(": ") {
        let name = left.rsplit(|it: char| !(it.is_alphanumeric() || it == '_')).next().unwrap_or_default();
        if !left.ends_with(':') && !name.is_empty() {
            return Some(name.to_owned());
        }
        rest = left;
    }
    None
}

/// How many elements there are before the end of `(a, b, ...` or `[a, b, ...`.
fn position(values: &str) -> usize {
    let mut depth = 0;
    let mut commas = 0;
    for it in values.chars() {
        match it {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 1 => commas += 1,
            _ => {}
        }
    }
    commas
}

/// The name that a statement of several lines assigns to.
fn enclosing(lines: &[&str], before: &str) -> Option<String> {
    if !before.trim().is_empty() && !before.trim_end().ends_with('(') {
        return None;
    }
    let start = lines.iter().rev().find(|line| line.trim_end().ends_with(['(', '[', '{', '=']))?;
    assigned(&start.replace(" =", " = "))
}

/// The first field of the type `kind` in the struct that begins after a `derive` of `Default`.
fn derived_field(lines: &[&str], kind: &str) -> Option<String> {
    let fields = lines.iter().take_while(|line| !line.starts_with('}'));
    let is_kind =
        |of: &str| of.split('<').next().is_some_and(|of| of.rsplit("::").next().unwrap_or(of).starts_with(kind));
    let field = fields.filter_map(|line| line.split_once(": ")).find(|(_, of)| is_kind(of));
    field.and_then(|(name, _)| identifier(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_names_of_their_variables() {
        assert_eq!(assigned("    let total = ").as_deref(), Some("total"));
        assert_eq!(assigned("    let total = Arc::new(").as_deref(), Some("total"));
        assert_eq!(assigned("let (left, right) = (Mutex::new(10), ").as_deref(), Some("right"));
        assert_eq!(assigned("let forks = [Mutex::new(()), ").as_deref(), Some("forks[1]"));
        assert_eq!(assigned("    Self { state: AtomicU32::new(0), park: ").as_deref(), Some("park"));
        assert_eq!(assigned("            state: ").as_deref(), Some("state"));
        let in_a_struct = "let queue = Arc::new(Queue { place: Mutex::new(None), changed: ";
        assert_eq!(assigned(in_a_struct).as_deref(), Some("changed"));
        assert_eq!(assigned("    call("), None);
    }

    #[test]
    fn objects_of_a_derived_default_have_the_names_of_their_fields() {
        let lines = [
            "pub struct Condition {",
            "    /// Doc: text.",
            "    waiters: Mutex<Vec<u32>>,",
            "    pub(super) count: AtomicUsize,",
            "    lock: threads::Lock<Vec<u32>>,",
            "}",
        ];
        assert_eq!(derived_field(&lines, "Mutex").as_deref(), Some("waiters"));
        assert_eq!(derived_field(&lines, "AtomicUsize").as_deref(), Some("count"));
        assert_eq!(derived_field(&lines, "Lock").as_deref(), Some("lock"));
        assert_eq!(derived_field(&lines, "Condvar"), None);
    }

    #[test]
    fn objects_have_the_names_of_what_they_are_part_of() {
        let pair = "let (ready, start) = (Arc::new(Event::new()), Arc::new(Event::new()));";
        assert_eq!(whole(pair, pair.find("Event").unwrap() + 1).as_deref(), Some("ready"));
        assert_eq!(whole(pair, pair.rfind("Event").unwrap() + 1).as_deref(), Some("start"));
        let fields = "Self { permits, released: Condition::new(), queue: Lock::new(), limit }";
        assert_eq!(whole(fields, fields.find("Condition").unwrap() + 1).as_deref(), Some("released"));
        assert_eq!(whole("    happened: Condition,", 5).as_deref(), Some("happened"));
    }

    #[test]
    fn paths_are_compared_by_their_ends() {
        let sources = [Source { path: "threads/lock.rs", text: "" }];
        assert!(find(&sources, &normal("/a/chapters/programs/book/../../src/threads/lock.rs"), 1).is_some());
        assert!(find(&sources, &normal("c:\\chapters\\src\\threads\\lock.rs"), 1).is_some());
        assert!(find(&sources, "/a/more_threads/lock.rs", 1).is_none());
    }
}
