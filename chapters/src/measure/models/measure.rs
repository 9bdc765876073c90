//! Runs the service once in a separate process, and measures it.

use std::env;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::variant::Variant;
use crate::measure::weigh::weigh;
use crate::memory::Memory;
use crate::python::Interpreter;
use crate::record::{Event, Record};
use crate::view::json;

/// The same service, written for CPython's standard library. It's run from its file, which other interpreters import.
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/measure/models/peer.py");

/// The workload of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub jobs: u64,
    pub workers: u32,
    /// `cpu`, `io` or `mixed`.
    pub kind: &'static str,
    pub scale: f64,
    /// Whether the workers stay without work until they have been weighed. If not, the service stops when all jobs are done.
    pub idle: bool,
}

/// The measurements of a run.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Measured {
    pub wall_seconds: f64,
    pub cpu_seconds: f64,
    pub peak_rss_bytes: u64,
    /// From the start of the service to the start of its last worker.
    pub start_seconds: f64,
    /// From the request to stop until the last worker has ended.
    pub stop_seconds: f64,
    /// The number of context switches. `None` if the system doesn't report it.
    #[serde(skip)]
    pub context_switches: Option<u64>,
    /// The memory of all processes together when the workers are idle. `None` if it wasn't measured.
    #[serde(skip)]
    pub memory: Option<Memory>,
}

/// Runs the service once, and blocks until it has ended.
///
/// # Errors
///
/// If the service can't be run, or fails.
pub fn run(variant: &Variant, load: &Load, seed: &str) -> io::Result<Measured> {
    let mut command = match variant.python {
        Some(interpreter) => python(interpreter, variant, load, seed),
        None => demo(variant, load, seed)?,
    };
    let before = switches();
    let wrong = |what: String| io::Error::other(format!("{}: {what}", variant.name));
    let (memory, text) = match load.idle && cfg!(target_os = "linux") {
        true => {
            let weighed = weigh(&mut command, "worker_started", load.workers);
            let (memory, text) = weighed.map_err(|error| wrong(error.to_string()))?;
            (Some(memory), text)
        }
        false => {
            let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
            if !output.status.success() {
                return Err(wrong(format!("the run failed: {}", output.status)));
            }
            (None, String::from_utf8_lossy(&output.stdout).into_owned())
        }
    };
    let context_switches = switches().zip(before).map(|(after, before)| after - before);
    let measured = match variant.python.is_some() {
        true => serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?,
        false => json::read(&text)
            .ok()
            .and_then(|records| from_records(&records))
            .ok_or_else(|| wrong("no summary".to_owned()))?,
    };
    Ok(Measured { context_switches, memory, ..measured })
}

/// The command that runs this program again, as a demo.
fn demo(variant: &Variant, load: &Load, seed: &str) -> io::Result<Command> {
    let Load { jobs, workers, kind, scale, idle } = load;
    let mut command = Command::new(env::current_exe()?);
    command.arg(variant.model).args(variant.flag).args(["--format=json", "--progress=never"]);
    command.args([format!("--jobs={jobs}"), format!("--workers={workers}"), format!("--kind={kind}")]);
    command.args([format!("--scale={scale}"), format!("--seed={seed}")]);
    command.arg(match idle {
        // On systems where it can't be weighed, it stops by itself.
        true if cfg!(not(target_os = "linux")) => "--time=0.2",
        _ => "--time=3600",
    });
    command.args((!idle).then_some("--until-done"));
    // With `--quiet`, jobs are only counted, which costs less. Without jobs, the records are needed: they say when
    // workers start and stop.
    if *jobs > 0 {
        command.arg("--quiet");
    }
    Ok(command)
}

fn python(interpreter: &Interpreter, variant: &Variant, load: &Load, seed: &str) -> Command {
    let Load { jobs, workers, kind, scale, idle } = load;
    let mut command = Command::new(&interpreter.path);
    let end = if *idle && cfg!(target_os = "linux") { "idle" } else { "done" };
    command.args(["-B", PEER, variant.flag.unwrap_or(variant.model), &jobs.to_string(), &workers.to_string(), kind]);
    command.args([&scale.to_string(), seed, end]);
    command
}

/// The measurements in a run's records; `None` if the summary is missing.
fn from_records(records: &[Record]) -> Option<Measured> {
    let last = records.last()?;
    let Event::ServiceStopped(summary) = &last.event else { return None };
    let at = |wanted: fn(&Event) -> bool| records.iter().rfind(|record| wanted(&record.event)).map(|record| record.at);
    let since = |from: Option<Duration>, to: Duration| from.map_or(0.0, |from| (to.saturating_sub(from)).as_secs_f64());
    let started = at(|event| matches!(event, Event::WorkerStarted));
    Some(Measured {
        wall_seconds: summary.wall_seconds,
        cpu_seconds: summary.cpu_seconds,
        peak_rss_bytes: summary.peak_rss_bytes,
        start_seconds: started.map_or(0.0, |at| at.as_secs_f64()),
        stop_seconds: since(at(|event| matches!(event, Event::ServiceStopping)), last.at),
        context_switches: None,
        memory: None,
    })
}

/// The number of context switches in all child processes that have ended.
#[cfg(unix)]
fn switches() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    Some((usage.voluntary_context_switches() + usage.involuntary_context_switches()) as u64)
}

/// Returns `None`: this function doesn't query the system here.
#[cfg(not(unix))]
fn switches() -> Option<u64> {
    None
}
