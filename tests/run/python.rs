//! Programs in Python, by `python3`: each `python` block must run and succeed. Slow programs are tested with less work.
//!
//! Without a `python3`, these tests are listed as ignored, except where the variable `CI` is set, as continuous
//! integration services do: there they fail. The same holds for a block or a command that needs a later version than this
//! one: a comment before it says `needs Python 3.11`, in a line of its own if there is more to say.
//!
//! A comment before a block says how it is tested, if not as it stands:
//!
//! | comment | meaning |
//! | --- | --- |
//! | `tested with 4 1_000_000=1_000` | with the argument 4, and with a smaller number in the place of a large one |
//! | `tested to fail with TypeError` | it must fail, and say these words |
//! | `tested to hang` | it must not end; it is stopped when all of its threads are asleep |
//! | `tested in`, and lines below | a fragment, in these lines, of which the line `...` stands for the block |
//!
//! A block that shows a part of a file by `{{#include}}` is not run, but a command on the same page has to run the file.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, fs, io, thread};

use libtest_mimic::Trial;

use crate::common::{self, Block, Page};
use crate::session;

/// The time limit of a program.
const TIMEOUT: Duration = Duration::from_secs(300);
/// A program hangs if all of its threads sleep for this time.
const IDLE_TIME: Duration = Duration::from_secs(1);
/// The same where the system doesn't say what threads do: a program that has run for this time.
const HANG_TIME: Duration = Duration::from_secs(60);
/// The comment before a program that hangs.
pub const HANGS: &str = "tested to hang";

/// The first line of a comment, before the version that the block needs.
const NEEDS: &str = "needs Python ";

/// A version of Python: 3 and 11, for example.
type Version = (u32, u32);

/// The interpreter that `python3` starts in the end, as it reports itself, and its version: `python3` may be a script,
/// which takes longer than most blocks.
static INTERPRETER: LazyLock<Option<(PathBuf, Version)>> = LazyLock::new(|| {
    let ask = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)";
    let said = Command::new("python3").args(["-c", ask]).stderr(Stdio::null()).output();
    let said = said.ok().filter(|said| said.status.success());
    let interpreter = said.and_then(|said| {
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let (version, path) = said.split_once('\n')?;
        Some((PathBuf::from(path.trim()), parse(version)?))
    });
    if interpreter.is_none() {
        eprintln!("SKIPPED: python3 is not installed, so what is in Python on the pages is not tested");
    }
    interpreter
});

fn parse(version: &str) -> Option<Version> {
    let (major, minor) = version.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The version of Python that a block needs, if its comment names one, and the block with the rest of the comment.
pub fn needed(block: &Block) -> Result<(Option<Version>, Block), String> {
    let mut block = block.clone();
    let Some(rest) = block.note.as_deref().and_then(|note| note.strip_prefix(NEEDS)) else { return Ok((None, block)) };
    let (version, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let needed = parse(version).ok_or_else(|| format!("expected a version such as 3.11 after `{NEEDS}`: {version}"))?;
    block.note = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
    Ok((Some(needed), block))
}

/// Whether `python3` is older than a block needs. If so, prints that the block isn't tested. In continuous
/// integration, the block is tested all the same, and fails.
pub fn is_too_old(name: &str, needed: Version) -> bool {
    let installed = INTERPRETER.as_ref().map(|(_, version)| *version);
    let Some((major, minor)) = installed.filter(|version| *version < needed) else { return false };
    let is_skipped = env::var_os("CI").is_none();
    if is_skipped {
        eprintln!("SKIPPED: {name} needs Python {}.{}, and python3 is {major}.{minor}", needed.0, needed.1);
    }
    is_skipped
}

/// The program to start for `python3`.
pub fn interpreter() -> &'static Path {
    INTERPRETER.as_ref().map_or("python3".as_ref(), |(path, _)| path)
}

/// Whether tests that need `python3` are ignored.
pub fn is_passed_over() -> bool {
    INTERPRETER.is_none() && env::var_os("CI").is_none()
}

/// The test of a block.
pub fn trial(name: String, page: &Page, block: Block) -> Trial {
    match included(&block) {
        Some(file) => {
            let begin = ["\n$ ", session::SESSION];
            let is_run = begin.iter().any(|begin| page.text.contains(&format!("{begin}python3 {file}")));
            let fault = format!("no command on the page runs the file: $ python3 {file}");
            Trial::test(name, move || if is_run { Ok(()) } else { Err(fault.into()) })
        }
        None => Trial::test(name.clone(), move || Ok(run(&name, &block)?)).with_ignored_flag(is_passed_over()),
    }
}

/// The file of which a block shows a part, if it does.
fn included(block: &Block) -> Option<&str> {
    block.text.trim().strip_prefix("{{#include ../../")?.split([':', '}']).next()
}

/// How to run a program, and how it must end.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    pub program: String,
    pub arguments: Vec<String>,
    pub end: End,
}

#[derive(Debug, Default, PartialEq)]
pub enum End {
    #[default]
    Well,
    Saying(String),
    Never,
}

/// Decides how to run a block.
pub fn plan(block: &Block) -> Result<Plan, String> {
    let program = block.text.clone();
    let mut plan = Plan { program, ..Plan::default() };
    let Some(note) = &block.note else { return Ok(plan) };
    if let Some(words) = note.strip_prefix("tested with ") {
        for word in shlex::split(words).ok_or("the quotes in the comment do not match")? {
            match word.split_once('=') {
                Some((old, new)) if plan.program.contains(old) => plan.program = plan.program.replace(old, new),
                Some((old, _)) => return Err(format!("there is no {old} in the block that could be replaced")),
                None => plan.arguments.push(word),
            }
        }
    } else if let Some(words) = note.strip_prefix("tested to fail with ") {
        plan.end = End::Saying(words.to_owned());
    } else if note == HANGS {
        plan.end = End::Never;
    } else if let Some(lines) = note.strip_prefix("tested in\n") {
        let at = |line: &&str| line.trim() == "...";
        let place = lines.lines().find(at).ok_or("no line ... says where the block goes")?;
        let indent = &place[..place.find("...").unwrap_or_default()];
        let indented = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}{line}") };
        let block = plan.program.lines().map(indented).collect::<Vec<_>>().join("\n");
        let line = |line: &str| if line == place { block.clone() } else { line.to_owned() };
        plan.program = lines.lines().map(line).collect::<Vec<_>>().join("\n");
    } else {
        return Err(format!("nobody knows how to test a program like this: {note}"));
    }
    Ok(plan)
}

/// Runs the program of a block.
pub fn run(name: &str, block: &Block) -> Result<(), String> {
    let plan = plan(block)?;
    let file = crate::folder(name).join("block.py");
    fs::write(&file, &plan.program).map_err(|error| format!("{}: {error}", file.display()))?;
    execute(&plan, &file)
}

/// Runs a file as `plan` says.
fn execute(plan: &Plan, file: &Path) -> Result<(), String> {
    if plan.end == End::Never {
        return hangs(plan, file).map_err(|error| format!("python3: {error}"))?;
    }
    let python = snapbox::cmd::Command::new(interpreter()).arg(file).args(&plan.arguments).current_dir(common::root());
    let output = python.stderr_to_stdout().timeout(TIMEOUT).output().map_err(|error| format!("python3: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    // An exception in a thread doesn't change the status. A program that reaches the time limit is killed and doesn't
    // have one.
    match (&plan.end, output.status.code()) {
        (End::Well, Some(0)) if !said.contains("Traceback (most recent call last)") => Ok(()),
        (End::Saying(words), Some(code)) if code != 0 && said.contains(words) => Ok(()),
        (end, Some(code)) => Err(format!("it should end like this: {end:?}, and ended with {code}:\n{said}")),
        (_, None) => Err(format!("it has not ended after {TIMEOUT:?}:\n{said}")),
    }
}

/// Starts a file as `plan` says, and stops it when all of its threads are asleep.
fn hangs(plan: &Plan, file: &Path) -> io::Result<Result<(), String>> {
    let mut python = Command::new(interpreter());
    python.arg(file).args(&plan.arguments).current_dir(common::root()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = python.spawn()?;
    let mut last = None;
    loop {
        thread::sleep(if cfg!(target_os = "linux") { IDLE_TIME } else { HANG_TIME });
        if let Some(status) = child.try_wait()? {
            return Ok(Err(format!("it should hang, and ended with {status}")));
        }
        let now = asleep(child.id());
        if now.is_some() && now == last || !cfg!(target_os = "linux") {
            child.kill()?;
            child.wait()?;
            return Ok(Ok(()));
        }
        last = now;
    }
}

/// How many times each thread of a process has gone to sleep, or `None` if one isn't asleep. A thread that waits for a core
/// isn't.
#[cfg(target_os = "linux")]
fn asleep(process: u32) -> Option<Vec<u64>> {
    let tasks = procfs::process::Process::new(process as i32).and_then(|process| process.tasks()).ok()?;
    let sleeps = tasks.map(|task| {
        let status = task.and_then(|task| task.status()).ok()?;
        status.voluntary_ctxt_switches.filter(|_| status.state.starts_with('S'))
    });
    sleeps.collect()
}

#[cfg(not(target_os = "linux"))]
fn asleep(_process: u32) -> Option<Vec<u64>> {
    None
}

/// The public names of four modules of Python, those that the page for readers who know Python must have, and the others.
const NAMES: &str = include_str!("names.txt");
/// The versions of Python whose names these are.
const NAMED: RangeInclusive<Version> = (3, 11)..=(3, 15);

/// The page for readers who know Python must have each name that isn't left out, and `NAMES` each name of this `python3`.
pub fn the_names() -> Trial {
    Trial::test("the_names_of_python", || {
        missing(NAMES, &common::page("book/src/python.md").text)?;
        if INTERPRETER.as_ref().is_some_and(|(_, version)| NAMED.contains(version)) {
            let ask = "for module in ('threading', 'queue', 'multiprocessing', 'asyncio'):\n    \
                       for name in __import__(module).__all__: print(module, name)";
            let output = Command::new(interpreter()).args(["-c", ask]).output()?;
            unknown(NAMES, &String::from_utf8(output.stdout)?)?;
        }
        Ok(())
    })
}

/// Each name, with its module and whether the page leaves it out.
fn names(list: &str) -> impl Iterator<Item = (&str, &str, bool)> {
    let mut heading = "";
    list.lines().filter(|line| !line.starts_with('#')).flat_map(move |line| {
        let named = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
        heading = named.unwrap_or(heading);
        let (module, left_out) = heading.strip_suffix(", left out").map_or((heading, false), |module| (module, true));
        let words = if named.is_some() { "" } else { line };
        words.split_whitespace().map(move |name| (module, name, left_out))
    })
}

/// The names that the page lacks, if any.
pub fn missing(list: &str, page: &str) -> Result<(), String> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let words: BTreeSet<&str> = rows.flat_map(|row| row.split(|it: char| !it.is_alphanumeric() && it != '_')).collect();
    let lacks = |(_, name, left_out): &(&str, &str, bool)| !left_out && !words.contains(name);
    let missing: Vec<&str> = names(list).filter(lacks).map(|(_, name, _)| name).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("the page does not name {}", missing.join(", "))) }
}

/// The names in lines of a module and a name that aren't in the list, if any.
pub fn unknown(list: &str, lines: &str) -> Result<(), String> {
    let known: BTreeSet<String> = names(list).map(|(module, name, _)| format!("{module} {name}")).collect();
    let unknown: Vec<&str> = lines.lines().filter(|line| !known.contains(*line)).collect();
    match (lines.is_empty(), unknown.is_empty()) {
        (true, _) => Err("python3 gives no names".to_owned()),
        (_, true) => Ok(()),
        _ => Err(format!("names.txt lacks {}", unknown.join(", "))),
    }
}
