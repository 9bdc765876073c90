//! Runs the service once in a separate process, and measures it.

use std::env;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::variant::Variant;
use crate::python::Interpreter;
use crate::record::{Event, Record};
use crate::view::json;

/// The same service, written for CPython's standard library.
const PEER: &str = include_str!("peer.py");

/// The workload of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub jobs: u64,
    pub workers: u32,
    /// `cpu`, `io` or `mixed`.
    pub kind: &'static str,
    pub scale: f64,
    /// How long the service runs. `None` if it stops when all jobs are done.
    pub time: Option<Duration>,
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
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let context_switches = switches().zip(before).map(|(after, before)| after - before);
    let wrong = |what: String| io::Error::other(format!("{}: {what}", variant.name));
    if !output.status.success() {
        return Err(wrong(format!("the run failed: {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let measured = match variant.python.is_some() {
        true => serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?,
        false => json::read(&text)
            .ok()
            .and_then(|records| from_records(&records))
            .ok_or_else(|| wrong("no summary".to_owned()))?,
    };
    Ok(Measured { context_switches, ..measured })
}

/// The command that runs this program again, as a demo.
fn demo(variant: &Variant, load: &Load, seed: &str) -> io::Result<Command> {
    let Load { jobs, workers, kind, scale, time } = load;
    let mut command = Command::new(env::current_exe()?);
    command.arg(variant.model).args(variant.flag).args(["--format=json", "--progress=never"]);
    command.args([format!("--jobs={jobs}"), format!("--workers={workers}"), format!("--kind={kind}")]);
    command.args([format!("--scale={scale}"), format!("--seed={seed}")]);
    match time {
        Some(time) => command.arg(format!("--time={}", time.as_secs_f64())),
        None => command.args(["--until-done", "--time=3600"]),
    };
    // With `--quiet`, jobs are only counted, which costs less. Without jobs, the records are needed: they say when
    // workers start and stop.
    if *jobs > 0 {
        command.arg("--quiet");
    }
    Ok(command)
}

fn python(interpreter: &Interpreter, variant: &Variant, load: &Load, seed: &str) -> Command {
    let Load { jobs, workers, kind, scale, time } = load;
    let mut command = Command::new(&interpreter.path);
    let seconds = time.map_or(0.0, |time| time.as_secs_f64());
    command.args(["-c", PEER, variant.model, &jobs.to_string(), &workers.to_string(), kind]);
    command.args([&scale.to_string(), seed, &seconds.to_string()]);
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
