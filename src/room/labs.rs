//! The demos that a page can run, and their options. The options are those of the demos' command lines. The room adds limits,
//! because the reader's machine should stay usable.
//!
//! To add a lab, add an entry to [`LABS`]. A lab with [`Start::Cargo`] runs a program that isn't part of the room: one that the
//! reader may have changed, as in the scheduler lab or the check of an exercise, or one whose libraries take minutes to
//! compile. An interactive lab also reads lines from its page, such as the steps in the scheduler lab. To add an option, name
//! it in the lab's `options` with its range; the option must exist on the demo's command line, which supplies its type, its
//! default and its help text.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use chapters::demo::{self, coroutines, python, threads};
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::demos::{self, Part};
use chapters::measure::models;
use chapters::random::Seed;
use chapters::service::Model;
use clap::{Arg, ArgAction, Command, CommandFactory};
use exercises::catalog::EXERCISES;
use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// A demo that a page can run.
#[derive(Clone, Copy, Debug)]
pub struct Lab {
    /// The name in requests.
    pub name: &'static str,
    /// The name of the program.
    pub program: &'static str,
    /// The definition of its command line.
    command: fn() -> Command,
    /// Checks a command line as a whole.
    check: fn(Vec<String>) -> Result<(), clap::Error>,
    /// How the program is started.
    pub start: Start,
    /// The options that a page may set.
    options: &'static [(&'static str, Range)],
    /// The processes that the page can kill.
    pub kills: Kills,
    /// Whether the program reads lines from the page.
    pub interactive: bool,
}

/// How the program of a lab is started.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// The room's own program contains the demo. A process of it runs this function with the arguments of the lab.
    Here(fn() -> ExitCode),
    /// cargo compiles the program and runs it.
    Cargo {
        /// The arguments of cargo. Those of the lab follow.
        words: &'static [&'static str],
        /// The last arguments of the program.
        flags: &'static [&'static str],
    },
}

/// The processes of a run that a page can kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kills {
    /// Nothing: the workers aren't processes.
    Nothing,
    /// A worker process.
    Workers,
    /// A worker process, or a broker. The program reads `broker` or `leader` from its standard input, and chooses the broker.
    WorkersAndBrokers,
}

impl Kills {
    /// What can be killed besides workers, in the words of a request.
    pub fn others(self) -> &'static [&'static str] {
        match self {
            Kills::Nothing | Kills::Workers => &[],
            Kills::WorkersAndBrokers => &["broker", "leader"],
        }
    }
}

/// The values that an option may have.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// One of the values that the program lists.
    Choice,
    /// Present or absent.
    Switch,
    /// A seed.
    Seed,
    /// An integer within limits.
    Whole(u64, u64),
    /// A number within limits.
    Number(f64, f64),
}

use Range::{Choice, Number, Seed as AnySeed, Switch, Whole};

/// The options of every service. A run of more than 100,000 jobs would have too many records.
macro_rules! service_options {
    ($($more:expr),*) => {
        &[
            ("workers", Whole(1, 64)), ("jobs", Whole(0, 100_000)), ("seed", AnySeed), ("time", Number(0.0, 50.0)),
            ("kind", Choice), ("scale", Number(0.0, 10.0)), ("until-done", Switch), $($more),*
        ]
    };
}

const DEMO_OPTIONS: &[(&str, Range)] = &[
    ("part", Choice),
    ("model", Choice),
    ("method", Choice),
    ("runtime", Choice),
    ("workers", Whole(2, 16)),
    ("seed", AnySeed),
    ("kind", Choice),
    ("scale", Number(0.0, 10.0)),
];

/// All labs.
pub const LABS: &[Lab] = &[
    Lab {
        name: "threads",
        program: "chapter-threads",
        command: threads::command,
        check: |words| threads::command().try_get_matches_from(words).map(drop),
        start: Start::Here(threads::main),
        options: service_options!(("gil", Choice), ("switch-interval", Number(0.0001, 1.0))),
        kills: Kills::Nothing,
        interactive: false,
    },
    #[cfg(target_os = "linux")]
    Lab {
        name: "processes",
        program: "chapter-processes",
        command: chapters::demo::processes::command,
        check: |words| chapters::demo::processes::command().try_get_matches_from(words).map(drop),
        start: Start::Here(chapters::demo::processes::main),
        options: service_options!(("method", Choice)),
        kills: Kills::Workers,
        interactive: false,
    },
    Lab {
        name: "coroutines",
        program: "chapter-coroutines",
        command: coroutines::command,
        check: |words| coroutines::command().try_get_matches_from(words).map(drop),
        start: Start::Here(coroutines::main),
        options: service_options!(("runtime", Choice)),
        kills: Kills::Nothing,
        interactive: false,
    },
    Lab {
        name: "python",
        program: "chapter-python",
        command: python::command,
        check: |words| python::check(words),
        start: Start::Here(python::main),
        // The page can't choose the interpreter, because that is a program to run.
        options: service_options!(("model", Choice), ("method", Choice)),
        kills: Kills::Nothing,
        interactive: false,
    },
    Lab {
        name: "primitives",
        program: Primitive::PROGRAM,
        command: demos::CommandLine::<Primitive>::described,
        check: |words| demos::CommandLine::<Primitive>::read(words).map(drop),
        start: Start::Here(demos::primitives::main),
        options: DEMO_OPTIONS,
        kills: Kills::Nothing,
        interactive: false,
    },
    Lab {
        name: "queues",
        program: QueueDemo::PROGRAM,
        command: demos::CommandLine::<QueueDemo>::described,
        check: |words| demos::CommandLine::<QueueDemo>::read(words).map(drop),
        start: Start::Here(demos::queues::main),
        options: DEMO_OPTIONS,
        kills: Kills::Nothing,
        interactive: false,
    },
    Lab {
        name: "choosing",
        program: "chapter-choosing",
        command: models::Options::command,
        check: |words| models::Options::command().try_get_matches_from(words).map(drop),
        start: Start::Here(models::main),
        options: &[
            ("only", Choice),
            ("quick", Switch),
            ("python", Switch),
            ("seed", AnySeed),
            ("scale", Number(0.0, 10.0)),
            ("rounds", Whole(1, 9)),
        ],
        kills: Kills::Nothing,
        interactive: false,
    },
    #[cfg(target_os = "linux")]
    Lab {
        name: "machines",
        program: "chapter-machines",
        command: machines,
        check: |words| machines().try_get_matches_from(words).map(drop),
        start: Start::Cargo {
            words: &["run", "--quiet", "-p", "machines", "--bin", "chapter-machines", "--"],
            flags: &["--interactive", "--format=json"],
        },
        options: service_options!(("brokers", Choice), ("ack-wait", Number(0.1, 10.0)), ("kill", Choice)),
        kills: Kills::WorkersAndBrokers,
        interactive: false,
    },
    Lab {
        name: "scheduler",
        program: "chapter-scheduler",
        command: scheduler,
        check: |words| scheduler().try_get_matches_from(words).map(drop),
        start: Start::Cargo { words: &["run", "--quiet", "--bin", "chapter-scheduler", "--"], flags: &["--live"] },
        options: &[
            ("name", Choice),
            ("weak-memory", Switch),
            ("spurious-wakeups", Whole(0, 9)),
            ("timeouts", Whole(0, 9)),
        ],
        kills: Kills::Nothing,
        interactive: true,
    },
    Lab {
        name: "exercise",
        program: "exercises",
        command: exercise,
        check: |words| exercise().try_get_matches_from(words).map(drop),
        start: Start::Cargo { words: &["run", "--quiet", "--bin", "exercises", "--", "run"], flags: &["--live"] },
        options: &[("name", Choice)],
        kills: Kills::Nothing,
        interactive: false,
    },
];

/// The part of the command line of `chapter-machines` that a page may use. The program is in a package that this one doesn't
/// depend on, so the test `run` compares them.
pub fn machines() -> Command {
    #[derive(clap::Args)]
    struct More {
        /// Number of brokers that the demo starts on this machine: 1 or 3
        #[arg(long, value_name = "N", default_value = "1", value_parser = ["1", "3"])]
        brokers: String,

        /// How long a broker waits for an acknowledgment before it delivers a job again
        #[arg(long, value_name = "SECONDS", default_value = "2")]
        ack_wait: f64,

        /// Kills something at a random moment. Can be given several times
        #[arg(long, value_name = "WHAT", value_parser = ["worker", "broker", "leader", "network"])]
        kill: Vec<String>,
    }
    demo::command::<More>(Model::Machines)
}

/// The part of the exercises' command line that a page may use: it checks one exercise.
fn exercise() -> Command {
    let names = EXERCISES.iter().map(|exercise| exercise.name);
    let names = clap::builder::PossibleValuesParser::new(names);
    Command::new("exercises").arg(Arg::new("name").required(true).value_parser(names).help("The exercise to check"))
}

/// The part of the scheduler's command line that a page may use. The reader's own program is compiled for each run; the other
/// programs are played from recordings.
fn scheduler() -> Command {
    let name = Arg::new("name").required(true).value_parser(["mine"]).help("The program to play");
    let switch = |name: &'static str| Arg::new(name).long(name);
    let count = |name: &'static str| switch(name).value_parser(clap::value_parser!(u32));
    Command::new("chapter-scheduler").args([
        name,
        switch("weak-memory").action(ArgAction::SetTrue).help("Let loads see old stores, as their orderings allow"),
        count("spurious-wakeups").help("The number of spurious wakeups in a schedule"),
        count("timeouts").help("The number of timeouts that may expire while another thread can run"),
    ])
}

/// The options in a request, each of them once. `serde_json`'s own map would keep the last of two options of a name.
#[derive(Debug, Default)]
pub struct Options(Map<String, Value>);

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Options;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object of options")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Options, A::Error> {
                let mut options = Map::new();
                while let Some((name, value)) = pairs.next_entry::<String, Value>()? {
                    if options.contains_key(&name) {
                        return Err(de::Error::custom(format!("duplicate option `{name}`")));
                    }
                    options.insert(name, value);
                }
                Ok(Options(options))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// The description of a lab for a page.
#[derive(Serialize)]
pub struct Schema {
    bin: &'static str,
    /// The command that runs the program.
    cargo: String,
    /// Whether cargo may have to compile the program first.
    compiles: bool,
    /// Whether the page can kill workers.
    kills_workers: bool,
    /// What else it can kill.
    kills: &'static [&'static str],
    options: Vec<OptionSchema>,
}

#[derive(Serialize)]
struct OptionSchema {
    name: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
    /// The default, unless the program chooses one at run time.
    default: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<PossibleValue>,
    help: String,
    /// Whether it is a positional argument.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    positional: bool,
}

#[derive(Serialize)]
struct PossibleValue {
    value: String,
    help: String,
}

impl Lab {
    /// The lab with a name.
    pub fn find(name: &str) -> Option<&'static Lab> {
        LABS.iter().find(|lab| lab.name == name)
    }

    /// Whether the program has all that it needs.
    pub fn is_available(&self) -> bool {
        self.kills != Kills::WorkersAndBrokers || installed::nats_server().is_ok()
    }

    /// The command line that a reader would type for these arguments.
    pub fn command_line(&self, arguments: &[String]) -> String {
        let mut words = match self.start {
            Start::Here(_) => vec!["cargo", "run", "--bin", self.program, "--"],
            Start::Cargo { words, .. } => {
                ["cargo"].into_iter().chain(words.iter().copied().filter(|word| *word != "--quiet")).collect()
            }
        };
        words.extend(arguments.iter().map(String::as_str));
        if words.last() == Some(&"--") {
            words.pop();
        }
        words.join(" ")
    }

    /// The description for a page.
    pub fn schema(&self) -> Schema {
        let command = (self.command)();
        let options = self.pairs(&command).map(|(name, range, argument)| describe(name, range, argument));
        Schema {
            bin: self.program,
            cargo: self.command_line(&[]),
            compiles: matches!(self.start, Start::Cargo { .. }),
            kills_workers: self.kills != Kills::Nothing,
            kills: self.kills.others(),
            options: options.collect(),
        }
    }

    /// The options, each with its definition on the command line.
    fn pairs<'a>(&self, command: &'a Command) -> impl Iterator<Item = (&'static str, Range, &'a Arg)> {
        self.options.iter().filter_map(|&(name, range)| {
            let mut arguments = command.get_arguments();
            let is_it = |argument: &&Arg| match argument.get_long() {
                Some(long) => long == name,
                None => argument.get_id() == name,
            };
            Some((name, range, arguments.find(is_it)?))
        })
    }

    /// The command-line arguments for some options, without the program's name.
    ///
    /// # Errors
    ///
    /// When an option is unknown, when its value is out of range, or when the options can't be combined.
    pub fn arguments(&self, Options(options): &Options) -> Result<Vec<String>, String> {
        if let Some(name) = options.keys().find(|name| self.options.iter().all(|(known, _)| known != name)) {
            let known: Vec<&str> = self.options.iter().map(|(name, _)| *name).collect();
            return Err(format!("{name}: {} has no such option; there are {}", self.name, known.join(", ")));
        }
        let command = (self.command)();
        let mut words = Vec::new();
        for (name, range, argument) in self.pairs(&command) {
            match options.get(name) {
                None | Some(Value::Null | Value::Bool(false)) => {}
                Some(value) => {
                    let value = format_value(range, argument, &without_negative_zero(value))
                        .map_err(|error| format!("{name}: {error}"))?;
                    match (value, argument.get_long()) {
                        (None, _) => words.push(format!("--{name}")),
                        (Some(value), Some(_)) => words.push(format!("--{name}={value}")),
                        (Some(value), None) => words.insert(0, value),
                    }
                }
            }
        }
        let line = [self.program.to_owned()].into_iter().chain(words.iter().cloned()).collect();
        (self.check)(line).map_err(|error| first_line(&error))?;
        Ok(words)
    }
}

/// The program's message about a wrong command line, without the usage.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The value, with 0 for -0, which JSON can express and `serde_json` reads as a floating-point number.
fn without_negative_zero(value: &Value) -> Cow<'_, Value> {
    let is_negative_zero = value.as_f64().is_some_and(|number| number == 0.0 && number.is_sign_negative());
    if is_negative_zero { Cow::Owned(0.into()) } else { Cow::Borrowed(value) }
}

/// The value of an option on the command line. A switch has none.
fn format_value(range: Range, argument: &Arg, value: &Value) -> Result<Option<String>, String> {
    let text = || value.as_str().ok_or_else(|| format!("expected a string, and not {value}"));
    Ok(Some(match range {
        Switch => {
            return if value == &Value::Bool(true) {
                Ok(None)
            } else {
                Err(format!("expected true or false, and not {value}"))
            };
        }
        Choice => {
            let text = text()?;
            let known: Vec<String> = choices(argument).into_iter().map(|choice| choice.value).collect();
            if !known.iter().any(|it| it == text) {
                return Err(format!("expected one of {}, and not {value}", known.join(", ")));
            }
            text.to_owned()
        }
        AnySeed => {
            let text = match value {
                Value::Number(number) => number.to_string(),
                _ => text()?.to_owned(),
            };
            if text.len() > MAX_SEED_DIGITS {
                return Err(format!("expected an integer of at most {MAX_SEED_DIGITS} digits"));
            }
            text.parse::<Seed>().map_err(|_| format!("expected an integer, and not {value}"))?;
            text
        }
        Whole(least, most) => {
            let number = value.as_u64().filter(|number| (least..=most).contains(number));
            number
                .ok_or_else(|| format!("expected a whole number from {least} to {most}, and not {value}"))?
                .to_string()
        }
        Number(least, most) => {
            let number = value.as_f64().filter(|number| (least..=most).contains(number));
            let number = number.ok_or_else(|| format!("expected a number from {least} to {most}, and not {value}"))?;
            // Without an exponent, the smallest numbers have more than 300 digits.
            if number > 0.0 && number < 1e-6 { format!("{number:e}") } else { number.to_string() }
        }
    }))
}

/// The largest number of digits of a seed.
const MAX_SEED_DIGITS: usize = 80;

fn choices(argument: &Arg) -> Vec<PossibleValue> {
    let values = argument.get_possible_values();
    let described = |value: &clap::builder::PossibleValue| PossibleValue {
        value: value.get_name().to_owned(),
        help: value.get_help().map(ToString::to_string).unwrap_or_default(),
    };
    values.iter().map(described).collect()
}

fn describe(name: &'static str, range: Range, argument: &Arg) -> OptionSchema {
    let default = argument.get_default_values().first().map(OsString::from).and_then(|it| it.into_string().ok());
    let (kind, least, most) = match range {
        Choice => ("choice", None, None),
        Switch => ("switch", None, None),
        AnySeed => ("seed", None, None),
        Whole(least, most) => ("whole", Some(least as f64), Some(most as f64)),
        Number(least, most) => ("number", Some(least), Some(most)),
    };
    let default = match range {
        Switch => Some(Value::Bool(false)),
        Whole(..) | Number(..) => default.and_then(|it| serde_json::from_str(&it).ok()),
        Choice | AnySeed => default.map(Value::String),
    };
    let values = if matches!(range, Choice) { choices(argument) } else { Vec::new() };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    OptionSchema { name, kind, least, most, default, values, help, positional: argument.is_positional() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_exists_on_the_command_line() {
        for lab in LABS {
            let command = (lab.command)();
            let found: Vec<&str> = lab.pairs(&command).map(|(name, ..)| name).collect();
            let named: Vec<&str> = lab.options.iter().map(|(name, _)| *name).collect();
            assert_eq!(found, named, "{}", lab.name);
        }
    }

    #[test]
    fn choices_are_exactly_the_options_with_listed_values() {
        for lab in LABS {
            let command = (lab.command)();
            for (name, range, argument) in lab.pairs(&command) {
                let has_values = !choices(argument).is_empty() && argument.get_action().takes_values();
                assert_eq!(matches!(range, Choice), has_values, "{}: {name}", lab.name);
            }
        }
    }

    #[test]
    fn defaults_are_in_range() {
        for lab in LABS {
            let command = (lab.command)();
            for (name, range, argument) in lab.pairs(&command) {
                if let Some(default) = describe(name, range, argument).default.filter(|it| it != &Value::Bool(false)) {
                    format_value(range, argument, &default)
                        .unwrap_or_else(|error| panic!("{}: {name}: {error}", lab.name));
                }
            }
        }
    }
}
