//! The program `chapter-python`: the service in CPython, run by the reader's interpreter and viewed like the others.
//!
//! The scripts are in `chapters/python`. They print records in the format of the Rust programs, which this program reads
//! and passes to the same views. It stops the script by a signal and waits for the summary.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};

use super::{FAILED, REFRESH, USAGE, answer_with, fail};
use crate::echo;
use crate::environment;
use crate::interrupt;
use crate::job::Work;
use crate::options;
use crate::python::{DEFAULT, Interpreter};
use crate::random::Seed;
use crate::record::{Event, Record, Summary};
use crate::service::{Model, Outcome, Run, StopHandle};
use crate::usage::Usage;
use crate::view::views::{Report, Views};

/// The folder of the scripts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// How long the workers of an interpreter that has ended may take to notice it.
const TO_NOTICE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  chapter-python --jobs=8 --seed=1 --time=3
  chapter-python --model=processes --method=spawn --jobs=8 --seed=1 --until-done --timeline=run.svg
  chapter-python --python=python3.14t --jobs=8 --seed=1 --until-done --quiet

Exit status: 0 done, 1 the run failed, 2 the command line was wrong, 130 interrupted by Ctrl-C,
143 stopped by SIGTERM, 129 stopped by SIGHUP.";

/// How `multiprocessing` starts a worker.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// A copy of the first process
    Fork,
    /// A new interpreter that imports the script
    Spawn,
    /// A copy of a helper process, which is a new interpreter
    Forkserver,
}

/// The name of a value on the command line.
fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Runs the service in your own CPython interpreter
#[derive(Parser)]
#[command(name = "chapter-python", version, after_help = EXAMPLES)]
struct CommandLine {
    /// The model of the workers
    #[arg(long, value_enum, default_value_t)]
    model: Model,

    /// The interpreter: Python 3.8 or later
    #[arg(long, value_name = "PATH", default_value = DEFAULT)]
    python: PathBuf,

    /// How worker processes are started. By default, as in this version of Python
    #[arg(long, value_enum)]
    method: Option<Method>,

    #[command(flatten)]
    options: options::Options,
}

/// The command line of the program `chapter-python`.
pub fn command() -> clap::Command {
    CommandLine::command()
}

/// Checks a command line. The first of the `arguments` is the name of the program.
///
/// # Errors
///
/// Clap's answer to a wrong command line, or to a flag such as `--help`.
pub fn check(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<(), clap::Error> {
    parse(arguments).map(drop)
}

fn parse(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<CommandLine, clap::Error> {
    let mut command = command();
    let line = CommandLine::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)?;
    let (model, workers) = (line.model, line.options.workers);
    if let Err(error) = options::whole(&workers.to_string(), 1, model.most_workers().into()) {
        let error = format!("invalid value '{workers}' for '--workers <N>': {error}");
        return Err(command.error(ErrorKind::ValueValidation, error));
    }
    if line.method.is_some() && model != Model::Processes {
        let error = "the argument '--method' needs '--model=processes'";
        return Err(command.error(ErrorKind::ArgumentConflict, error));
    }
    Ok(line)
}

/// The program `chapter-python`.
pub fn main() -> ExitCode {
    environment::prepare();
    let line = match parse(env::args_os()) {
        Err(answer) => return answer_with(&answer),
        Ok(line) => line,
    };
    let interpreter = match Interpreter::find(&line.python) {
        Err(error) => return fail(&error, USAGE),
        Ok(interpreter) => interpreter,
    };
    let seed = line.options.seed.clone().unwrap_or_else(Seed::fresh);
    let (model, jobs, plan) = (line.model.name(), line.options.jobs, line.options.plan());
    let run = Run { model, scene: None, interpreter: Some(interpreter.to_string()), seed, jobs, plan };
    match Views::open(run.clone(), &line.options.output, line.options.progress) {
        Err(error) => fail(&error, USAGE),
        Ok(views) => match serve(&line, &interpreter, &run, views) {
            Err(error) => fail(&format!("the service failed: {error}"), FAILED),
            Ok(code) => code,
        },
    }
}

/// The command that runs the script.
fn script(line: &CommandLine, interpreter: &Interpreter, run: &Run, port: Option<u16>, is_quiet: bool) -> Command {
    let Run { model, seed, jobs, plan, .. } = run;
    let mut command = Command::new(&interpreter.path);
    // Without a cache of compiled modules beside the scripts.
    command.arg("-B").arg(Path::new(SCRIPTS).join(model).with_extension("py"));
    command.args([format!("--jobs={jobs}"), format!("--seed={seed}"), format!("--workers={}", plan.workers)]);
    command.args([format!("--time={}", plan.time.as_secs_f64()), format!("--scale={}", plan.scale)]);
    command.arg(format!("--kind={}", name(&line.options.kind)));
    command.args(port.map(|port| format!("--port={port}")));
    command.args(plan.until_done.then_some("--until-done")).args(is_quiet.then_some("--quiet"));
    command.args(line.method.as_ref().map(|method| format!("--method={}", name(method))));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Runs the script while the views show it, and stops it at Ctrl-C or a similar signal.
fn serve(line: &CommandLine, interpreter: &Interpreter, run: &Run, mut views: Views) -> Result<ExitCode, String> {
    let held = interrupt::hold();
    let (port, server) = match line.options.kind {
        Work::Net => {
            start_server(run.plan.workers).map_err(|error| format!("cannot start the echo server: {error}"))?
        }
        Work::Cpu | Work::Io | Work::Mixed => (None, None),
    };
    let mut script = Script::start(script(line, interpreter, run, port, views.are_quiet()))
        .map_err(|error| format!("cannot start {}: {error}", interpreter.path.display()))?;
    // The script inherits that the signals are blocked, so one that comes early stays pending until it listens.
    let signaled = held.listen(script.stop_handle()).map_err(|error| error.to_string())?;

    let last = script.watch(&mut views)?;
    let status = script.wait().map_err(|error| error.to_string())?;
    let report = match last {
        Some((summary, wall)) if views.are_quiet() => views.finish_with(*summary, wall),
        // A worker may have been killed between a record and its count, so the records that were shown decide.
        Some((summary, wall)) => {
            let usage = Usage { cpu: Duration::from_secs_f64(summary.cpu_seconds), peak_rss: summary.peak_rss_bytes };
            views.finish(wall, Outcome { left: summary.left, usage })
        }
        None => return Err(format!("the interpreter ended before the service had stopped: {status}")),
    };
    let Report { died, lost, failures } = report;
    failures.iter().for_each(|failure| _ = fail(failure, FAILED));
    server.map_or(Ok(()), echo::Server::stop).map_err(|error| format!("the echo server failed: {error}"))?;
    Ok(match signaled.load(Ordering::Relaxed) {
        0 => ExitCode::from(if died == 0 && lost == 0 && failures.is_empty() && status.success() { 0 } else { FAILED }),
        status => ExitCode::from(status),
    })
}

/// Starts the echo server, for the connections of `workers` workers, and returns its port as well.
fn start_server(workers: u32) -> io::Result<(Option<u16>, Option<echo::Server>)> {
    let server = echo::Listening::bind(workers)?;
    Ok((Some(server.port()), Some(server.start()?)))
}

fn lock(is_there: &Mutex<bool>) -> MutexGuard<'_, bool> {
    is_there.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A script that is running. When the value is dropped, the script is killed, together with its worker processes.
struct Script {
    child: Child,
    records: Receiver<Result<Vec<Record>, String>>,
    /// Whether the first process hasn't been reaped. Until then, its PID can't belong to another process.
    is_there: Arc<Mutex<bool>>,
    ended: Option<Instant>,
}

impl Script {
    /// Starts the script in a process group of its own: the terminal sends a signal to this program alone, which passes it
    /// on once.
    fn start(mut command: Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        #[cfg(target_os = "linux")]
        end_with_parent(&mut command);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let (sender, records) = mpsc::channel();
        thread::spawn(move || read(BufReader::new(stdout), |batch| sender.send(batch).is_ok()));
        Ok(Self { child, records, is_there: Arc::new(Mutex::new(true)), ended: None })
    }

    /// A handle that stops the service, as its deadline would.
    fn stop_handle(&self) -> StopHandle {
        let (id, is_there) = (self.child.id(), Arc::clone(&self.is_there));
        Box::new(move || {
            if *lock(&is_there) {
                signal(id, Signal::Stop);
            }
        })
    }

    /// Passes records to the views until the output ends. Returns the summary and its time, if the run got that far.
    fn watch(&mut self, views: &mut Views) -> Result<Option<(Box<Summary>, Duration)>, String> {
        let mut last = None;
        loop {
            match self.records.recv_timeout(REFRESH) {
                Err(RecvTimeoutError::Disconnected) => return Ok(last),
                Err(RecvTimeoutError::Timeout) => {
                    views.show(&[]);
                    self.end_workers_of_a_dead_interpreter();
                }
                Ok(batch) => {
                    let mut batch = batch?;
                    if let Some(Record { at, event: Event::ServiceStopped(summary), .. }) =
                        batch.pop_if(|record| matches!(record.event, Event::ServiceStopped(_)))
                    {
                        last = Some((summary, at));
                    }
                    views.show(&batch);
                }
            }
        }
    }

    /// The workers keep the output open, and notice by themselves that the interpreter has died. If they don't, this
    /// function kills them.
    fn end_workers_of_a_dead_interpreter(&mut self) {
        let mut is_there = lock(&self.is_there);
        if *is_there && matches!(self.child.try_wait(), Ok(Some(_))) {
            *is_there = false;
            self.ended = Some(Instant::now());
        }
        if self.ended.is_some_and(|at| at.elapsed() > TO_NOTICE) {
            signal(self.child.id(), Signal::KillAll);
        }
    }

    /// Waits for the script, whose output has ended.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        *lock(&self.is_there) = false;
        self.child.wait()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if mem::take(&mut *lock(&self.is_there)) {
            signal(self.child.id(), Signal::KillAll);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Reads the records, and passes on all that have arrived at once, until `send` returns false.
fn read(mut stdout: BufReader<ChildStdout>, mut send: impl FnMut(Result<Vec<Record>, String>) -> bool) {
    let (mut rest, mut number) = (Vec::new(), 0);
    loop {
        let read = match stdout.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(bytes) => {
                rest.extend_from_slice(bytes);
                bytes.len()
            }
        };
        stdout.consume(read);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        let lines: Vec<u8> = rest.drain(..=end).collect();
        let batch = lines.split_inclusive(|byte| *byte == b'\n').map(|line| {
            number += 1;
            serde_json::from_slice(line).map_err(|error| format!("line {number} of the script's output: {error}"))
        });
        if !send(batch.collect()) {
            return;
        }
    }
}

/// A signal for a script.
#[derive(Clone, Copy)]
enum Signal {
    /// To the first process: stop the service.
    Stop,
    /// To all processes: end at once.
    KillAll,
}

/// Sends a signal to the script with this PID, which is also the number of its process group. The number belongs to the
/// script until its first process has been reaped, and its last process has ended.
#[cfg(unix)]
fn signal(id: u32, what: Signal) {
    use nix::sys::signal::{Signal::SIGKILL, Signal::SIGTERM, kill, killpg};
    use nix::unistd::Pid;

    let id = Pid::from_raw(id as i32);
    let _ = match what {
        Signal::Stop => kill(id, SIGTERM),
        Signal::KillAll => killpg(id, SIGKILL),
    };
}

/// On this system, a script can't be sent a signal.
#[cfg(not(unix))]
fn signal(_: u32, _: Signal) {}

/// Lets the kernel kill the script if this program ends first. The script's workers notice that, and end as well. SIGTERM,
/// which stops the script, isn't ignored there, even if this program ignores it.
#[cfg(target_os = "linux")]
fn end_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use nix::sys::prctl;
    use nix::sys::signal::{SigHandler, Signal, signal};

    let prepare = || {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // SAFETY: the default action runs no code of this program.
        unsafe { signal(Signal::SIGTERM, SigHandler::SigDfl) }?;
        Ok(())
    };
    // SAFETY: the function makes two system calls. It doesn't allocate, and it takes no locks.
    unsafe { command.pre_exec(prepare) };
}
