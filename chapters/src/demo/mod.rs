//! The programs of the services: the command line, the views, Ctrl-C and the exit status.

pub mod coroutines;
#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported.rs"]
pub mod processes;
pub mod python;
pub mod threads;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::echo;
use crate::environment;
use crate::interrupt;
use crate::job::{self, Job, Kind, Work};
use crate::options::{self, Options};
use crate::random::Seed;
use crate::service::{Model, OnStarted, Outcome, Plan, Run, StopHandle};
use crate::trace::{self, Records, Trace};
use crate::usage::Usage;
use crate::view::views::{Report, Views};

/// The interval at which the views get new records, short enough that the output looks continuous.
const REFRESH: Duration = Duration::from_millis(10);
/// The same while there are many new records, so that they don't pile up.
const BUSY: Duration = Duration::from_micros(500);
/// The number of new records from which the shorter interval applies.
const MUCH: usize = 500;

/// The exit status of a run that failed.
pub const FAILED: u8 = 1;
/// The exit status of a program whose command line was wrong.
pub const USAGE: u8 = 2;

/// The arguments for a service that is run as a demo.
pub struct Demo<'a> {
    /// The plan of the run.
    pub plan: Plan,
    /// The jobs for its queue.
    pub jobs: Vec<Job>,
    /// The trace for its records.
    pub trace: Trace,
    /// The callback for when its workers have started.
    pub on_started: OnStarted<'a>,
}

#[derive(Parser)]
#[command(version)]
struct CommandLine<M: Args> {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    more: M,
}

/// Runs the program `chapter-MODEL`. `service` creates a service from its own flags and the demo's arguments, and runs it.
/// The first of the `arguments` is the name of the program.
pub fn main<M: Args>(
    model: Model,
    arguments: impl IntoIterator<Item = OsString>,
    service: impl FnOnce(M, Demo) -> io::Result<Outcome>,
) -> ExitCode {
    environment::prepare();
    match parse::<M>(model, arguments) {
        Err(code) => code,
        Ok((options, more)) => run(model, options, |demo| service(more, demo)),
    }
}

/// Runs the service as the options say, with the views that they ask for. Call [`environment::prepare`] before.
pub fn run(model: Model, options: Options, service: impl FnOnce(Demo) -> io::Result<Outcome>) -> ExitCode {
    let seed = options.seed.clone().unwrap_or_else(Seed::fresh);
    let run =
        Run { model: model.name(), scene: None, interpreter: None, seed, jobs: options.jobs, plan: options.plan() };
    match Views::open(run.clone(), &options.output, options.progress) {
        Err(error) => fail(&error, USAGE),
        Ok(views) => match serve(run, options.kind, views, service) {
            Err(error) => fail(&error, FAILED),
            Ok(code) => code,
        },
    }
}

/// Reads the command line of the program `chapter-MODEL`: the flags of all demos, and its own.
///
/// # Errors
///
/// The exit status, after clap has answered a wrong command line, or a flag such as `--help`.
pub fn parse<M: Args>(model: Model, arguments: impl IntoIterator<Item = OsString>) -> Result<(Options, M), ExitCode> {
    let parsed = command::<M>(model).try_get_matches_from(arguments);
    let parsed = parsed.and_then(|matches| CommandLine::from_arg_matches(&matches));
    parsed.map(|CommandLine { options, more }| (options, more)).map_err(|answer| answer_with(&answer))
}

/// Prints clap's answer, which is the help, the version, or an error message, and returns the exit status. Clap's own
/// `exit` ends the program with status 0 even if printing fails.
pub(crate) fn answer_with(answer: &clap::Error) -> ExitCode {
    let printed = answer.print().and_then(|()| io::stdout().flush());
    match printed {
        Err(error) if !answer.use_stderr() && error.kind() != ErrorKind::BrokenPipe => {
            fail(&format!("cannot write standard output: {error}"), FAILED)
        }
        _ => ExitCode::from(answer.exit_code() as u8),
    }
}

/// The command line of the program `chapter-MODEL`.
pub fn command<M: Args>(model: Model) -> Command {
    let (is_on_machines, most_workers) = (model == Model::Machines, model.most_workers());
    let model = model.name();
    let name = format!("chapter-{model}");
    let workers = move |text: &str| options::whole(text, 1, most_workers.into()).map(|number| number as u32);
    let examples = format!(
        "Examples:\n  \
         {name} --jobs=8 --seed=1 --time=3\n  \
         {name} --kind=io --workers=8 --until-done --timeline=run.svg\n  \
         {name} --jobs=300000 --scale=0 --until-done --quiet\n  \
         {name} --format=json > run.jsonl\n\n\
         Exit status: 0 done, 1 the run failed, 2 the command line was wrong, 130 interrupted by Ctrl-C,\n\
         143 stopped by SIGTERM, 129 stopped by SIGHUP."
    );
    let about = format!("Runs the service: a queue of jobs, and {model} that work on them");
    let command = CommandLine::<M>::command().name(name).about(about).after_help(examples);
    let command = command.mut_arg("workers", |flag| flag.value_parser(workers));
    if is_on_machines { command.mut_arg("kind", |flag| flag.value_parser(work_of_machines())) } else { command }
}

/// Parses the kind of jobs on many machines. Only this one could reach the echo server, so no job sends requests.
fn work_of_machines() -> impl TypedValueParser {
    let kinds = Work::value_variants().iter().filter(|work| **work != Work::Net);
    PossibleValuesParser::new(kinds.filter_map(Work::to_possible_value)).try_map(|kind| Work::from_str(&kind, false))
}

/// Prints an error and returns the exit status.
pub fn fail(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    // If standard error is closed as well, only the exit status reports the error.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(status)
}

/// Prints that a program needs Linux, with the features that it uses. Returns the exit status of a wrong command line.
pub fn needs_linux(program: &str, features: &str) -> ExitCode {
    fail(&format!("{program} needs Linux: {features}"), USAGE)
}

/// Runs the service on the jobs while the views show it, and stops it at Ctrl-C or a similar signal.
fn serve(
    run: Run,
    work: Work,
    views: Views,
    service: impl FnOnce(Demo) -> io::Result<Outcome>,
) -> Result<ExitCode, String> {
    let mut signaled = None;
    let held = interrupt::hold();
    let listen = |stop| {
        signaled = Some(held.listen(stop)?);
        Ok(())
    };
    let done = watch(run, work, views, listen, service)?;
    Ok(match signaled.map_or(0, |status| status.load(Ordering::Relaxed)) {
        0 => ExitCode::from(if done { 0 } else { FAILED }),
        status => ExitCode::from(status),
    })
}

/// Runs the service on the jobs while the views show it. Returns whether all went well. Errors have been printed.
///
/// `listen` is called once the workers have started, with a handle that stops the service.
///
/// # Errors
///
/// If the service fails.
pub(crate) fn watch<'a>(
    run: Run,
    work: Work,
    views: Views,
    listen: impl FnOnce(StopHandle) -> io::Result<()> + 'a,
    service: impl FnOnce(Demo) -> io::Result<Outcome>,
) -> Result<bool, String> {
    let jobs = job::jobs(&run.seed, Kind::Cpu).take(run.jobs as usize);
    let jobs = jobs.map(|job| Job { kind: work.kind(job.number), ..job }).collect();
    let survives = run.survives_workers();
    let cannot_start = |error| format!("cannot start the echo server: {error}");
    let listening = match work {
        Work::Net => Some(echo::Listening::bind(run.plan.workers).map_err(cannot_start)?),
        Work::Cpu | Work::Io | Work::Mixed => None,
    };
    let plan = Plan { echo_port: listening.as_ref().map(echo::Listening::port), ..run.plan };
    // The server of processes answers once all of them have started, because a process with threads shouldn't fork.
    let (mut server, waiting) = match listening {
        Some(listening) if run.model == Model::Processes.name() => (None, Some(listening)),
        listening => (listening.map(echo::Listening::start).transpose().map_err(cannot_start)?, None),
    };
    let (trace, records) = if views.are_quiet() { trace::counted() } else { trace::channel() };
    let (ended, ending) = mpsc::channel();
    let mut viewer = None;
    let on_started: OnStarted = Box::new(|stop| {
        listen(stop)?;
        if let Some(waiting) = waiting {
            server = Some(waiting.start()?);
        }
        viewer = Some(thread::Builder::new().name("views".to_owned()).spawn(|| show(records, views, ending))?);
        Ok(())
    });
    let before = Usage::of_this_process();
    let outcome = service(Demo { plan, jobs, trace: trace.clone(), on_started });
    let outcome = outcome.map_err(|error| format!("the service failed: {error}"))?;
    let wall = trace.origin().elapsed();
    let outcome = Outcome { usage: outcome.usage.since(before), ..outcome };

    let _ = ended.send((wall, outcome));
    let report = viewer.and_then(|viewer| viewer.join().ok().flatten()).ok_or("a view failed")?;
    let served = server.map_or(Ok(()), echo::Server::stop);
    if let Err(error) = &served {
        fail(&format!("the echo server failed: {error}"), FAILED);
    }
    report.failures.iter().for_each(|failure| _ = fail(failure, FAILED));
    Ok((report.died == 0 || survives) && report.lost == 0 && report.failures.is_empty() && served.is_ok())
}

/// Passes records to the views until the service has ended.
fn show(mut records: Records, mut views: Views, ending: Receiver<(Duration, Outcome)>) -> Option<Report> {
    // At the start, many records are likely: each worker reports that it has started.
    let mut news = MUCH;
    loop {
        match ending.recv_timeout(if news < MUCH { REFRESH } else { BUSY }) {
            Err(RecvTimeoutError::Timeout) => news = records.sweep(|records| views.show(records)),
            Err(RecvTimeoutError::Disconnected) => return None,
            Ok((wall, outcome)) => {
                views.count(records.counts());
                views.show(&records.rest());
                return Some(views.finish(wall, outcome));
            }
        }
    }
}
