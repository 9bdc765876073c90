//! What can be run from a page, and with which options: the words are those of the demos' own command lines, and what the
//! room adds is how far it goes, on a machine where somebody reads.

use std::ffi::OsString;

use chapters::demo::{coroutines, threads};
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::Trait;
use chapters::demos::{self, Part};
use chapters::measure::models;
use chapters::random::Seed;
use clap::{Arg, Command, CommandFactory};
use serde::Serialize;
use serde_json::{Map, Value};

/// A demo that can be run from a page.
#[derive(Clone, Copy, Debug)]
pub struct Lab {
    pub name: &'static str,
    /// The program's name.
    pub program: &'static str,
    /// Its command line.
    command: fn() -> Command,
    /// Whether a command line is right as a whole.
    read: fn(Vec<String>) -> Result<(), clap::Error>,
    /// Runs it, with this program's arguments for its own.
    pub main: fn() -> std::process::ExitCode,
    /// The options that a page may set.
    options: &'static [(&'static str, Bounds)],
    /// Whether its workers are processes, each of which can be killed.
    pub workers_are_processes: bool,
}

/// How far an option may go.
#[derive(Clone, Copy, Debug)]
enum Bounds {
    /// One of the words that the program knows.
    Choice,
    /// To be there or not.
    Switch,
    /// A seed.
    Seed,
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A number from the first to the second.
    Number(f64, f64),
}

use Bounds::{Choice, Number, Seed as AnySeed, Switch, Whole};

/// What all services can be asked for, and how far. More than a hundred thousand jobs have more records than a run may.
macro_rules! service_options {
    ($($more:expr),*) => {
        &[
            ("workers", Whole(1, 64)), ("jobs", Whole(0, 100_000)), ("seed", AnySeed), ("time", Number(0.0, 50.0)),
            ("kind", Choice), ("scale", Number(0.0, 10.0)), ("until-done", Switch), $($more),*
        ]
    };
}

const TOUR_OPTIONS: &[(&str, Bounds)] = &[
    ("part", Choice),
    ("model", Choice),
    ("method", Choice),
    ("runtime", Choice),
    ("workers", Whole(2, 16)),
    ("seed", AnySeed),
    ("kind", Choice),
    ("scale", Number(0.0, 10.0)),
];

/// All of them.
pub const LABS: &[Lab] = &[
    Lab {
        name: "threads",
        program: "chapter-threads",
        command: threads::command,
        read: |words| threads::command().try_get_matches_from(words).map(drop),
        main: threads::main,
        options: service_options!(("gil", Choice), ("switch-interval", Number(0.0001, 1.0))),
        workers_are_processes: false,
    },
    #[cfg(target_os = "linux")]
    Lab {
        name: "processes",
        program: "chapter-processes",
        command: chapters::demo::processes::command,
        read: |words| chapters::demo::processes::command().try_get_matches_from(words).map(drop),
        main: chapters::demo::processes::main,
        options: service_options!(("method", Choice)),
        workers_are_processes: true,
    },
    Lab {
        name: "coroutines",
        program: "chapter-coroutines",
        command: coroutines::command,
        read: |words| coroutines::command().try_get_matches_from(words).map(drop),
        main: coroutines::main,
        options: service_options!(("runtime", Choice)),
        workers_are_processes: false,
    },
    Lab {
        name: "primitives",
        program: Primitive::PROGRAM,
        command: demos::CommandLine::<Primitive>::described,
        read: |words| demos::CommandLine::<Primitive>::read(words).map(drop),
        main: demos::primitives::main,
        options: TOUR_OPTIONS,
        workers_are_processes: false,
    },
    Lab {
        name: "queues",
        program: Trait::PROGRAM,
        command: demos::CommandLine::<Trait>::described,
        read: |words| demos::CommandLine::<Trait>::read(words).map(drop),
        main: demos::queues::main,
        options: TOUR_OPTIONS,
        workers_are_processes: false,
    },
    Lab {
        name: "choosing",
        program: "chapter-choosing",
        command: models::Options::command,
        read: |words| models::Options::command().try_get_matches_from(words).map(drop),
        main: models::main,
        options: &[
            ("only", Choice),
            ("quick", Switch),
            ("python", Switch),
            ("seed", AnySeed),
            ("scale", Number(0.0, 10.0)),
            ("rounds", Whole(1, 9)),
        ],
        workers_are_processes: false,
    },
];

/// A lab as a page is told of it.
#[derive(Serialize)]
pub struct Described {
    bin: &'static str,
    options: Vec<DescribedOption>,
}

#[derive(Serialize)]
struct DescribedOption {
    name: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
    /// What it is if it is not set; nothing where the program decides.
    default: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Choosable>,
    help: String,
    /// Whether it stands on the command line without its name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    positional: bool,
}

#[derive(Serialize)]
struct Choosable {
    value: String,
    help: String,
}

impl Lab {
    /// The lab of a name.
    pub fn find(name: &str) -> Option<&'static Lab> {
        LABS.iter().find(|lab| lab.name == name)
    }

    /// What a page is told of it.
    pub fn described(&self) -> Described {
        let command = (self.command)();
        let options = self.arguments(&command).map(|(name, bounds, argument)| describe(name, bounds, argument));
        Described { bin: self.program, options: options.collect() }
    }

    /// Its options, and the arguments of the command line that they are.
    fn arguments<'a>(&self, command: &'a Command) -> impl Iterator<Item = (&'static str, Bounds, &'a Arg)> {
        self.options.iter().filter_map(|&(name, bounds)| {
            let mut arguments = command.get_arguments();
            let is_it = |argument: &&Arg| match argument.get_long() {
                Some(long) => long == name,
                None => argument.get_id() == name,
            };
            Some((name, bounds, arguments.find(is_it)?))
        })
    }

    /// The words of the command line that options amount to, without the program's name.
    ///
    /// # Errors
    ///
    /// When an option is not known, or its value is not one that it may have; or when they do not go together.
    pub fn words(&self, options: &Map<String, Value>) -> Result<Vec<String>, String> {
        if let Some(name) = options.keys().find(|name| self.options.iter().all(|(known, _)| known != name)) {
            let known: Vec<&str> = self.options.iter().map(|(name, _)| *name).collect();
            return Err(format!("{name}: {} has no such option; there are {}", self.name, known.join(", ")));
        }
        let command = (self.command)();
        let mut words = Vec::new();
        for (name, bounds, argument) in self.arguments(&command) {
            match options.get(name) {
                None | Some(Value::Null | Value::Bool(false)) => {}
                Some(value) => {
                    let value = word(bounds, argument, value).map_err(|error| format!("{name}: {error}"))?;
                    match (value, argument.get_long()) {
                        (None, _) => words.push(format!("--{name}")),
                        (Some(value), Some(_)) => words.push(format!("--{name}={value}")),
                        (Some(value), None) => words.insert(0, value),
                    }
                }
            }
        }
        let line = [self.program.to_owned()].into_iter().chain(words.iter().cloned()).collect();
        (self.read)(line).map_err(|error| said(&error))?;
        Ok(words)
    }
}

/// What the program would say of a wrong command line, without how to use it.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The value of an option as it stands on a command line; nothing for a switch.
fn word(bounds: Bounds, argument: &Arg, value: &Value) -> Result<Option<String>, String> {
    let text = || value.as_str().ok_or_else(|| format!("expected a text, and not {value}"));
    Ok(Some(match bounds {
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
            if text.len() > LONGEST_SEED {
                return Err(format!("expected an integer of at most {LONGEST_SEED} digits"));
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
            number.ok_or_else(|| format!("expected a number from {least} to {most}, and not {value}"))?.to_string()
        }
    }))
}

/// The longest seed, in digits: as much as fits on a line.
const LONGEST_SEED: usize = 80;

fn choices(argument: &Arg) -> Vec<Choosable> {
    let values = argument.get_possible_values();
    let choosable = |value: &clap::builder::PossibleValue| Choosable {
        value: value.get_name().to_owned(),
        help: value.get_help().map(ToString::to_string).unwrap_or_default(),
    };
    values.iter().map(choosable).collect()
}

fn describe(name: &'static str, bounds: Bounds, argument: &Arg) -> DescribedOption {
    let default = argument.get_default_values().first().map(OsString::from).and_then(|it| it.into_string().ok());
    let (kind, least, most) = match bounds {
        Choice => ("choice", None, None),
        Switch => ("switch", None, None),
        AnySeed => ("seed", None, None),
        Whole(least, most) => ("whole", Some(least as f64), Some(most as f64)),
        Number(least, most) => ("number", Some(least), Some(most)),
    };
    let default = match bounds {
        Switch => Some(Value::Bool(false)),
        Whole(..) | Number(..) => default.and_then(|it| serde_json::from_str(&it).ok()),
        Choice | AnySeed => default.map(Value::String),
    };
    let values = if matches!(bounds, Choice) { choices(argument) } else { Vec::new() };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    DescribedOption { name, kind, least, most, default, values, help, positional: argument.is_positional() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_one_of_the_program() {
        for lab in LABS {
            let command = (lab.command)();
            let found: Vec<&str> = lab.arguments(&command).map(|(name, ..)| name).collect();
            let named: Vec<&str> = lab.options.iter().map(|(name, _)| *name).collect();
            assert_eq!(found, named, "{}", lab.name);
        }
    }

    #[test]
    fn a_choice_is_there_for_what_takes_words_and_for_nothing_else() {
        for lab in LABS {
            let command = (lab.command)();
            for (name, bounds, argument) in lab.arguments(&command) {
                let takes_words = !choices(argument).is_empty() && argument.get_action().takes_values();
                assert_eq!(matches!(bounds, Choice), takes_words, "{}: {name}", lab.name);
            }
        }
    }

    #[test]
    fn a_default_is_within_its_bounds() {
        for lab in LABS {
            let command = (lab.command)();
            for (name, bounds, argument) in lab.arguments(&command) {
                if let Some(default) = describe(name, bounds, argument).default.filter(|it| it != &Value::Bool(false)) {
                    word(bounds, argument, &default).unwrap_or_else(|error| panic!("{}: {name}: {error}", lab.name));
                }
            }
        }
    }
}
