//! Commands: each `console` block runs as a reader would type it, and its output is compared with the page.
//!
//! A line that begins with `$ ` is a command. The lines after it are its output, standard error included; `...` stands
//! for any lines, and `[..]` for any text within a line. The output of a command that is shown without output isn't
//! compared. A line `? 2` means that the exit status is 2. Without such a line it is 0, or 1 if the command checks an
//! exercise.
//!
//! Measured numbers on the page come from one run, and aren't compared. A [contract](crate::contract) names everything
//! else that varies. The output shown must appear in at least one of several attempts, some of which have a longer
//! `--time`, because a busy machine may miss a deadline. The checks of a contract must succeed in every attempt, and
//! those that it calls likely together with the output shown.
//!
//! `cargo run --bin` starts the program that is built already. Commands that open the reading room, install, build,
//! serve, or measure don't run here, so no output can be shown with them; `tests/book/commands.rs` checks that such commands
//! are right.
//!
//! A comment before a block gives flags for the test, so that it takes less time or spends none of it computing:
//! `tested with --time=1 --scale=0.1`. They replace the flags of the same name.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, thread};

use exercises::catalog::{self, Needs};
use snapbox::IntoData;

use crate::common::{Block, root};
use crate::contract::{Contract, REPEATS};
use crate::{kept, profile, python, rust};

/// The time limit of each command.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The time limit of a command that checks an exercise. It compiles the checks, for which it may have to wait until every
/// other cargo has finished. The check itself needs no limit here, because the program ends one that never ends.
const TIMEOUT_WITH_COMPILATION: Duration = Duration::from_secs(3600);

/// How many times to retry a command whose output differs from the page: on a busy machine a deadline may come too
/// soon.
const TRIES: i32 = 10;
/// How many attempts in a row double the time of the last. The next one begins with the time on the page again.
const DOUBLED: i32 = 5;

/// A command on a page, and the output that the page shows for it.
#[derive(Debug, Default, PartialEq)]
pub struct Shown {
    pub command: String,
    pub output: Vec<String>,
    pub status: i32,
}

/// The commands of a block.
pub fn commands(text: &str) -> Result<Vec<Shown>, String> {
    let mut commands: Vec<Shown> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => {
                // A check of an exercise fails until the reader has solved the exercise.
                let status = i32::from(command.starts_with("cargo run --bin exercises -- run "));
                commands.push(Shown { command: command.to_owned(), output: Vec::new(), status });
            }
            (None, None) => return Err("the block does not begin with a command".to_owned()),
            (None, Some(shown)) => match line.strip_prefix("? ").map(str::parse) {
                Some(Ok(status)) => shown.status = status,
                _ => shown.output.push(line.to_owned()),
            },
        }
    }
    Ok(commands)
}

/// How to run a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// A program of the workspace, in a folder of its own.
    Ours { program: PathBuf, arguments: Vec<String> },
    /// Another program, in the root of the repository.
    Other { program: String, arguments: Vec<String> },
    /// Not run.
    Nothing,
}

/// Decides how to run a command, with `flags` in place of its own.
pub fn plan(command: &str, flags: &[String]) -> Result<Plan, String> {
    let words = shlex::split(command).ok_or("the quotes do not match")?;
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "--release").collect();
    let ours = |file: String, arguments: &[&str]| {
        let program = profile().join(file).with_extension(env::consts::EXE_EXTENSION);
        Plan::Ours { program, arguments: replace(arguments, flags) }
    };
    let other = |program: &str, arguments: &[&str]| Plan::Other {
        program: program.to_owned(),
        arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
    };
    Ok(match words.as_slice() {
        ["cargo", "run", "--bin", name] => ours(name.to_string(), &[]),
        ["cargo", "run", "--bin", name, "--", arguments @ ..] => ours(name.to_string(), arguments),
        ["cargo", "run", "-p", "machines", "--bin", MACHINES, "--", arguments @ ..] => {
            ours(MACHINES.to_owned(), arguments)
        }
        ["cargo", "run", "-p", DETECTOR] => ours(DETECTOR.to_owned(), &[]),
        ["cargo", "run", "--example", name] => ours(format!("examples/{name}"), &[]),
        ["cargo", "run", "--example", name, "--", arguments @ ..] => ours(format!("examples/{name}"), arguments),
        ["python3", arguments @ ..] => {
            Plan::Other { program: "python3".to_owned(), arguments: replace(arguments, flags) }
        }
        ["diff", arguments @ ..] => other("diff", arguments),
        ["cargo", "install" | "test" | "bench", ..] | ["mdbook", ..] => Plan::Nothing,
        ["cargo", "run"] | ["cargo", "run", "--", ..] => Plan::Nothing,
        _ => return Err("nobody knows how to run this".to_owned()),
    })
}

/// The arguments, with those that set the same options as `flags` replaced.
fn replace(arguments: &[&str], flags: &[String]) -> Vec<String> {
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let kept = arguments.iter().filter(|argument| !flags.iter().any(|flag| name(flag) == name(argument)));
    kept.map(|&argument| argument.to_owned()).chain(flags.iter().cloned()).collect()
}

/// Runs the commands of a block.
pub fn run(block: &Block, contract: &Contract) -> Result<(), String> {
    let flags = match block.note.as_deref().map(|note| note.strip_prefix("tested with ")) {
        None => Vec::new(),
        Some(Some(words)) => words.split_whitespace().map(str::to_owned).collect(),
        Some(None) => return Err("a comment before commands says what they are `tested with`".to_owned()),
    };
    for shown in commands(&block.text)? {
        let fault = |error: String| format!("$ {}\n{error}", shown.command);
        match plan(&shown.command, &flags).map_err(fault)? {
            Plan::Nothing if shown.output.is_empty() => {}
            Plan::Nothing => return Err(fault("it is not run, so show its output in a block of text".to_owned())),
            Plan::Other { program, .. } if program == "python3" && python::is_passed_over() => {}
            Plan::Ours { program, arguments }
                if (program.ends_with(MACHINES) || is_about_a_broker(&arguments)) && machines_are_passed_over() => {}
            Plan::Ours { program, .. } if program.ends_with("chapter-python") && python::is_passed_over() => {}
            plan => check(&shown, &plan, contract).map_err(fault)?,
        }
    }
    Ok(())
}

/// Runs a command, `REPEATS` times at once if its contract has checks.
fn check(shown: &Shown, plan: &Plan, contract: &Contract) -> Result<(), String> {
    let once = |plan: &Plan| {
        let output = execute(plan)?;
        let printed = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
        let differ = matches!(plan, Plan::Other { program, .. } if program == "diff");
        match output.status.code() {
            // Files that differ aren't a failure.
            Some(1) if differ => {}
            Some(status) if status == shown.status => {}
            _ => return Err(format!("{}:\n{printed}", how_it_ended(output.status))),
        }
        contract.holds(&printed).map_err(|fault| format!("{fault}\n{printed}"))?;
        Ok(printed)
    };
    let as_shown = |printed: &str| {
        contract.happens(printed).map_err(|fault| format!("in no attempt, {fault}\n{printed}"))?;
        match shown.output.is_empty() {
            true => Ok(()),
            false => compare(printed, &shown.output.join("\n"), contract),
        }
    };
    let times = if contract.checks.is_empty() && contract.likely.is_empty() { 1 } else { *REPEATS };
    let printed: Result<Vec<String>, String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..times).map(|_| scope.spawn(|| once(plan))).collect();
        runs.into_iter().map(|run| run.join().expect("no run panics")).collect()
    });
    let printed = printed?;
    let mut compared = Err("it was not run".to_owned());
    for printed in &printed {
        compared = compared.or_else(|_| as_shown(printed));
    }
    for tried in 1..=TRIES {
        if compared.is_ok() {
            break;
        }
        compared = once(&with_more_time(plan, tried % DOUBLED)).and_then(|printed| as_shown(&printed));
    }
    compared
}

/// How a command ended, in words.
fn how_it_ended(status: ExitStatus) -> String {
    match (status.code(), status.to_string()) {
        (Some(code), _) => format!("it ended with the status {code}"),
        (None, signal) if signal.contains("SIGXCPU") => format!("{signal} ended it at its limit on processor time"),
        (None, signal) if signal.contains("SIGKILL") => format!("{signal} ended it, after {TIMEOUT:?} or from outside"),
        (None, signal) => format!("{signal} ended it"),
    }
}

/// The same plan for a slower or busy machine: doubles `--time` so many times.
fn with_more_time(plan: &Plan, times: i32) -> Plan {
    let longer = |argument: &String| match argument.strip_prefix("--time=").map(str::parse::<f64>) {
        Some(Ok(time)) => format!("--time={}", time * 2f64.powi(times)),
        _ => argument.clone(),
    };
    match plan {
        Plan::Ours { program, arguments } => {
            Plan::Ours { program: program.clone(), arguments: arguments.iter().map(longer).collect() }
        }
        _ => plan.clone(),
    }
}

/// Compares the printed output with the output shown, except for the parts that vary.
pub fn compare(printed: &str, shown: &str, contract: &Contract) -> Result<(), String> {
    let [printed, shown] = [printed, shown].map(|text| contract.without_what_varies(text));
    if !contract.is_ordered() {
        return compare_unordered(&printed, &shown);
    }
    let compared = snapbox::Assert::new().try_eq(None, printed.into_data(), shown.into_data());
    compared.map_err(|error| error.to_string())
}

/// Every line shown must be printed, in any order, and no other line unless a line `...` stands for it.
fn compare_unordered(printed: &str, shown: &str) -> Result<(), String> {
    let mut rest: Vec<&str> = printed.lines().collect();
    let (any, lines): (Vec<&str>, Vec<&str>) = shown.lines().partition(|line| *line == "...");
    for line in lines {
        let place = rest.iter().position(|printed| *printed == line);
        rest.remove(place.ok_or_else(|| format!("in no order is this printed:\n{line}\nbut this:\n{printed}"))?);
    }
    if any.is_empty() && !rest.is_empty() {
        return Err(format!("the page does not show these lines:\n{}", rest.join("\n")));
    }
    Ok(())
}

/// The output of a command that must succeed.
pub fn output(command: &str) -> Result<String, String> {
    let output = execute(&plan(command, &[])?)?;
    output.status.success().then_some(()).ok_or_else(|| format!("{command}: {}", output.status))?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

fn execute(plan: &Plan) -> Result<Output, String> {
    let limit = match plan {
        Plan::Ours { program, arguments }
            if program.file_stem().is_some_and(|name| name == EXERCISES)
                && arguments.first().is_some_and(|it| it == "run") =>
        {
            TIMEOUT_WITH_COMPILATION
        }
        _ => TIMEOUT,
    };
    let command = match plan {
        Plan::Ours { program, arguments } => {
            let command = snapbox::cmd::Command::new(built(program)?).args(arguments);
            // Whether the checks of the exercises have been compiled depends on the other tests.
            let command = command.env("CARGO_TERM_QUIET", "true");
            kept::compiled_by_this(command).current_dir(env!("CARGO_TARGET_TMPDIR"))
        }
        Plan::Other { program, arguments } => {
            let program = if program == "python3" { python::interpreter() } else { program.as_ref() };
            snapbox::cmd::Command::new(program).args(arguments).current_dir(root())
        }
        Plan::Nothing => return Err("nothing is run".to_owned()),
    };
    command.stderr_to_stdout().timeout(limit).output().map_err(|error| error.to_string())
}

/// The path of one of our programs, which is built if it isn't there yet.
pub fn built(program: &Path) -> Result<PathBuf, String> {
    match program.file_stem() {
        Some(name) if name == DETECTOR => BUILT_DETECTOR.clone(),
        Some(name) if name == MACHINES => Ok(()),
        _ => BUILT.clone(),
    }?;
    program.is_file().then(|| program.to_owned()).ok_or_else(|| format!("there is no program {}", program.display()))
}

/// Builds the programs that pages name. After `cargo test` has built the tests, they're there already.
static BUILT: LazyLock<Result<(), String>> = LazyLock::new(|| build(&["--bins", "--examples"]));

/// The program that checks exercises.
const EXERCISES: &str = "exercises";

/// A package that isn't built with the others.
const DETECTOR: &str = "detector";

static BUILT_DETECTOR: LazyLock<Result<(), String>> = LazyLock::new(|| build(&["--package", DETECTOR]));

/// The program of another package that isn't built with the others, because that takes minutes. `cargo test -p machines`
/// builds it, and the program that was built last is run.
pub const MACHINES: &str = "chapter-machines";

/// Whether the arguments are those of the exercises, for one that needs a broker.
fn is_about_a_broker(arguments: &[String]) -> bool {
    let [command, name] = arguments else { return false };
    command == "run" && catalog::find(name).is_some_and(|exercise| exercise.needs == Needs::Broker)
}

/// Whether to pass over [`MACHINES`]: it hasn't been built, or the broker that it starts isn't installed. Where the variable
/// `CI` is set, that's a fault.
pub fn machines_are_passed_over() -> bool {
    static PASSED_OVER: LazyLock<bool> = LazyLock::new(|| {
        let is_built = profile().join(MACHINES).with_extension(env::consts::EXE_EXTENSION).is_file();
        let passed_over = env::var_os("CI").is_none() && !(is_built && installed::nats_server().is_ok());
        if passed_over {
            let _ = writeln!(io::stderr(), "SKIPPED: {MACHINES} needs cargo build -p machines, and nats-server");
        }
        passed_over
    });
    *PASSED_OVER
}

fn build(targets: &[&str]) -> Result<(), String> {
    let folder = profile();
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--profile", if name == "debug" { "dev" } else { name }]).args(targets);
    cargo.arg("--target-dir").arg(folder.parent().unwrap_or(Path::new("target"))).current_dir(root());
    rust::with_the_real_compiler(&mut cargo);
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    status.success().then_some(()).ok_or_else(|| "the programs cannot be built".to_owned())
}
