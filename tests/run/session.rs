//! Sessions: a program that doesn't end, and a tool that examines it from another process.
//!
//! A comment before a `text` block names the program: `session with cargo run --example audit -- hang`, or
//! `session with python3 chapters/examples/audit.py hang`. The first line of the program's output contains its PID. The
//! block begins with the command of the tool, which has the PID 4242 on the page, and shows the command's output as a
//! `console` block does. The tool is started until its output is as shown, because the program may take a while to get
//! there.
//!
//! Where the tool or `python3` isn't installed, the test is listed as ignored, except if the variable `CI` is set: there it
//! fails. It's also ignored where the system doesn't let a program examine another one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use libtest_mimic::Trial;

use crate::common::{Block, root};
use crate::console::{self, Plan};
use crate::contract::Contract;
use crate::python;

/// The beginning of the comment before a session.
pub const SESSION: &str = "session with ";

/// The PID on the pages.
const PID: &str = "4242";

/// The time in which the program must get to the state that the page shows.
const TIMEOUT: Duration = Duration::from_secs(100);

/// The pause before another attempt.
const PAUSE: Duration = Duration::from_millis(100);

/// The test of a block, if the block is a session.
pub fn trial(name: String, block: &Block) -> Option<Trial> {
    let program = block.note.as_deref()?.strip_prefix(SESSION)?.to_owned();
    let text = block.text.clone();
    let tool = text.strip_prefix("$ ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let missing = if !may_attach() {
        Some("no program may examine another one here")
    } else if program.starts_with("python3 ") && python::is_passed_over() {
        Some("python3 is not installed")
    } else if find(tool).is_none() && env::var_os("CI").is_none() {
        Some("the tool is not installed")
    } else {
        None
    };
    if let Some(missing) = missing {
        eprintln!("{name} is not tested, because {missing}: {tool}");
    }
    let trial = Trial::test(name, move || Ok(run(&program, &text)?));
    Some(trial.with_ignored_flag(missing.is_some()))
}

/// Whether the system lets a program examine another one that it hasn't started itself.
fn may_attach() -> bool {
    /// The capability that makes it possible in any case.
    const CAP_SYS_PTRACE: u64 = 1 << 19;
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    if scope.map_or(true, |scope| scope.trim() == "0") {
        return true;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    capabilities.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).is_some_and(|it| it & CAP_SYS_PTRACE != 0)
}

/// The path of an installed program.
fn find(tool: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(tool)).find(|path| path.is_file())
}

/// A program that is killed at the end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program, and returns it when it has printed its first line.
fn start(program: &str) -> Result<Running, String> {
    let (program, arguments) = match console::plan(program, &[])? {
        Plan::Ours { program, arguments } => (console::built(&program)?, arguments),
        Plan::Other { program, arguments } if program == "python3" => (python::interpreter().to_owned(), arguments),
        plan => return Err(format!("no session starts with {plan:?}")),
    };
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(root()).env("PYTHONUNBUFFERED", "1").stdout(Stdio::piped());
    let mut child = Running(command.spawn().map_err(|error| format!("{}: {error}", program.display()))?);
    let output = child.0.stdout.take().ok_or("its output isn't a pipe")?;
    let mut first = String::new();
    BufReader::new(output).read_line(&mut first).map_err(|error| error.to_string())?;
    let pid = child.0.id().to_string();
    if first.contains(&pid) { Ok(child) } else { Err(format!("it is process {pid}, and says {first}")) }
}

/// Starts the program, and the tool until its output is as shown.
pub fn run(program: &str, text: &str) -> Result<(), String> {
    let [shown] = &console::commands(text)?[..] else { return Err("a session has one command".to_owned()) };
    let words = shlex::split(&shown.command).ok_or("the quotes do not match")?;
    let (tool, arguments) = words.split_first().ok_or("there is no command")?;
    if !arguments.iter().any(|it| it == PID) {
        return Err(format!("the command has to name the process as {PID}"));
    }
    let tool: &Path = &find(tool).ok_or_else(|| format!("{tool} is not installed"))?;
    let child = start(program)?;
    let pid = child.0.id().to_string();
    let started = Instant::now();
    loop {
        let arguments = arguments.iter().map(|it| if it == PID { &pid } else { it });
        let output = Command::new(tool).args(arguments).current_dir(root()).output();
        let output = output.map_err(|error| format!("{}: {error}", tool.display()))?;
        let printed = String::from_utf8_lossy(&output.stdout).replace(&pid, PID);
        let compared = console::compare(&printed, &shown.output.join("\n"), &Contract::default());
        match compared {
            Err(error) if started.elapsed() > TIMEOUT => {
                return Err(format!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
            }
            Err(_) => thread::sleep(PAUSE),
            Ok(()) => return Ok(()),
        }
    }
}
