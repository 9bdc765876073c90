//! Demos of one primitive or one queue at a time, at work on a small task, with each of the three models.
//!
//! The program of a service, in [`demo`], shows workers that take jobs from a queue. A demo here shows the parts that such
//! a service is made of: [`primitives`], and [`queues`]. It plays *scenes* of a second or less. Each scene is written
//! once for workers that block and once for coroutines, in nearly the same words, so that only the models make a
//! difference. A [`worker`] records its work as one of the service does, so the same views can show it. [`workers`] starts
//! the workers of a scene and joins them.
//!
//! Data flows one way: options, jobs, scene, records, views. A scene never prints.

pub mod primitives;
pub mod queues;
pub mod worker;
pub mod workers;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::coroutines::Runtime;
use crate::demo::{self, Demo, FAILED, USAGE, answer_with, fail};
use crate::environment;
use crate::job::Kind;
use crate::options::{self, Format, Output, When};
#[cfg(target_os = "linux")]
use crate::processes::Method;
use crate::random::Seed;
use crate::service::{Model, Outcome, Plan, Run};
use crate::view::views::Views;

/// How much of a demo's job one of a scene is: a tenth of a second if it waits.
const UNIT: f64 = 0.1;
/// A scene ends by itself.
const NO_END: Duration = Duration::from_secs(86_400);
/// The most workers: more would not make a scene clearer.
const MOST_WORKERS: u64 = 100;

/// The model of the workers, and how they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spawner {
    /// Threads.
    Threads,
    /// Processes, started by this method.
    #[cfg(target_os = "linux")]
    Processes(Method),
    /// Coroutines on this runtime.
    Coroutines(Runtime),
}

/// A part of a demo: one scene.
pub trait Part: ValueEnum + Copy + Send + Sync + 'static {
    /// The program's name.
    const PROGRAM: &'static str;
    /// A description of the program, in a sentence without a period.
    const ABOUT: &'static str;

    /// Its name on the command line and in the records.
    fn name(self) -> &'static str;

    /// A description of the scene, in a sentence or two.
    fn about(self) -> &'static str;

    /// The number of jobs of the scene for this number of workers.
    fn jobs(self, workers: u64) -> u64;

    /// The reason why the scene can't be played with a model, if it can't.
    fn missing(self, model: Model) -> Option<&'static str>;

    /// Plays the scene. Blocks until the last worker has ended.
    ///
    /// # Errors
    ///
    /// If the workers can't be started.
    fn perform(self, spawner: Spawner, demo: Demo) -> io::Result<Outcome>;
}

/// The command line of these demos.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct CommandLine<P: Part> {
    /// The scene to show; without it, the program shows all of them
    #[arg(value_enum)]
    part: Option<P>,

    #[command(flatten)]
    options: Options,
}

/// The flags that both programs share.
#[derive(Clone, Debug, Args)]
#[group(skip)]
struct Options {
    /// The model of the workers
    #[arg(long, value_enum, default_value_t)]
    model: Model,

    /// How worker processes are started; fork by default
    #[cfg(target_os = "linux")]
    #[arg(long, value_enum)]
    method: Option<Method>,

    /// The event loop of coroutines; current-thread by default
    #[arg(long, value_enum)]
    runtime: Option<Runtime>,

    /// Number of workers in each scene
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = workers, allow_hyphen_values = true)]
    workers: u32,

    /// Any integer: the same seed gives the same jobs. By default, a new seed is chosen and printed
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<Seed>,

    /// What a job does: compute or wait
    #[arg(long, value_enum, default_value_t = Kind::Io)]
    kind: Kind,

    /// Multiplies the work of every job, which is about a tenth of a second; 0 gives empty jobs
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = options::scale, allow_hyphen_values = true)]
    scale: f64,

    #[command(flatten)]
    output: Output,
}

fn workers(text: &str) -> Result<u32, String> {
    options::whole(text, 2, MOST_WORKERS).map(|number| number as u32)
}

impl<P: Part> CommandLine<P> {
    /// Reads a command line, the program's name included.
    ///
    /// # Errors
    ///
    /// When it is wrong, or asks for help.
    pub fn read(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let command = Self::described();
        let read = Self::from_arg_matches(&command.clone().try_get_matches_from(words)?)?;
        let wrong = |what: String| command.clone().error(clap::error::ErrorKind::ArgumentConflict, what);
        read.contradiction().map_or(Ok(()), |what| Err(wrong(what)))?;
        Ok(read)
    }

    /// The command with the program's name and examples.
    pub fn described() -> Command {
        let name = P::PROGRAM;
        let [first, second] = [0, 3].map(|index| P::value_variants()[index].name());
        let examples = format!(
            "Examples:\n  \
             {name}\n  \
             {name} {first} --model=processes --seed=1\n  \
             {name} {second} --model=coroutines --timeline={second}.svg\n  \
             {name} {second} --format=json > {second}.jsonl\n\n\
             Exit status: 0 done, 1 a scene failed, 2 the command line was wrong."
        );
        Self::command().name(name).about(P::ABOUT).after_help(examples)
    }

    /// An error message if two arguments contradict each other.
    fn contradiction(&self) -> Option<String> {
        let Options { model, runtime, output, .. } = &self.options;
        let name = model.name();
        #[cfg(target_os = "linux")]
        if self.options.method.is_some() && *model != Model::Processes {
            return Some("--method: only processes have a start method; add --model=processes".to_owned());
        }
        if runtime.is_some() && *model != Model::Coroutines {
            return Some("--runtime: only coroutines have an event loop; add --model=coroutines".to_owned());
        }
        let Some(part) = self.part else {
            let flag = output.timeline.as_ref().map(|_| "--timeline").or(output.trace.as_ref().map(|_| "--trace"))?;
            let names: Vec<&str> = P::value_variants().iter().map(|part| part.name()).collect();
            return Some(format!("{flag} needs a single scene; name one of these: {}", names.join(", ")));
        };
        let missing = part.missing(*model)?;
        let names: Vec<&str> = Self::parts_in(*model).into_iter().map(Part::name).collect();
        Some(format!("{}: {missing}; --model={name} has {}", part.name(), names.join(", ")))
    }

    /// The parts that a model has.
    fn parts_in(model: Model) -> Vec<P> {
        P::value_variants().iter().copied().filter(|part| part.missing(model).is_none()).collect()
    }

    /// The model of the workers, with its method or runtime.
    fn spawner(&self) -> Result<Spawner, &'static str> {
        let Options { model, runtime, .. } = &self.options;
        match model {
            Model::Threads => Ok(Spawner::Threads),
            Model::Coroutines => Ok(Spawner::Coroutines(runtime.unwrap_or_default())),
            #[cfg(target_os = "linux")]
            Model::Processes => Ok(Spawner::Processes(self.options.method.unwrap_or_default())),
            #[cfg(not(target_os = "linux"))]
            Model::Processes => Err("--model=processes needs Linux: fork, pipes, and shared memory"),
            Model::Machines => Err("the machines have a package of their own"),
        }
    }

    /// Plays the scenes that were asked for.
    fn show(&self, spawner: Spawner) -> Result<ExitCode, String> {
        let seed = self.options.seed.clone().unwrap_or_else(Seed::fresh);
        let aloud = self.part.is_none() && self.options.output.format == Format::Text;
        for part in self.part.map_or_else(|| Self::parts_in(self.options.model), |part| vec![part]) {
            if aloud && !say(&format!("{}: {}\n", part.name(), part.about()))? {
                break;
            }
            let code = self.show_part(part, spawner, seed.clone())?;
            if code != ExitCode::SUCCESS || aloud && !say("")? {
                return Ok(code);
            }
        }
        if aloud {
            let (program, name, model) = (P::PROGRAM, P::value_variants()[0].name(), self.options.model.name());
            say(&format!(
                "One part, and a picture of it: {program} {name} --model={model} --seed={seed} --timeline={name}.svg"
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show_part(&self, part: P, spawner: Spawner, seed: Seed) -> Result<ExitCode, String> {
        let Options { model, workers, scale, kind, output, .. } = &self.options;
        let plan = Plan { workers: *workers, time: NO_END, scale: UNIT * scale, until_done: true, echo_port: None };
        let jobs = part.jobs((*workers).into());
        let run = Run { model: model.name(), scene: Some(part.name()), interpreter: None, seed, jobs, plan };
        let output = Output { without_summary: self.part.is_none(), ..output.clone() };
        let views = match Views::open(run.clone(), &output, When::Never) {
            Err(error) => return Ok(fail(&error, USAGE)),
            Ok(views) => views,
        };
        let done = demo::watch(run, (*kind).into(), views, |_| Ok(()), |demo| part.perform(spawner, demo))?;
        Ok(ExitCode::from(if done { 0 } else { FAILED }))
    }
}

/// Prints a line between the parts. Returns false if standard output has been closed.
fn say(text: &str) -> Result<bool, String> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot write standard output: {error}")),
        Ok(()) => Ok(true),
    }
}

/// Runs the program.
pub fn main<P: Part>() -> ExitCode {
    environment::prepare();
    let command_line = match CommandLine::<P>::read(std::env::args_os()) {
        Err(answer) => return answer_with(&answer),
        Ok(command_line) => command_line,
    };
    match command_line.spawner() {
        Err(missing) => fail(&missing, USAGE),
        Ok(spawner) => command_line.show(spawner).unwrap_or_else(|error| fail(&error, FAILED)),
    }
}
