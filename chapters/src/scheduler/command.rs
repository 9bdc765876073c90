//! The program `chapter-scheduler`: lists, explores, replays, plays, and records the programs.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{CommandFactory, FromArgMatches, Parser};
use serde_json::{Value as Json, json};

use super::choice::{choice_word, counted, counted_with, find_choice, impossible};
use super::engine::Execution;
use super::explore::{self, Graph, Schedule, Step, explore};
use super::program::{Ending, Program};
use super::recording::number;
use super::world::Options;
use super::{live, play, recording};
use crate::demo::{FAILED, USAGE, answer_with, fail};
use crate::environment;
use crate::options::{Format, whole};

/// How wide a table with a column for each thread may be. Wider ones have one column for all threads.
const WIDTH: usize = 110;

#[derive(Parser)]
#[command(version)]
struct CommandLine {
    /// The program to play. NAME_fixed is the same program without the fault
    name: Option<String>,

    /// List the programs
    #[arg(long)]
    list: bool,

    /// Try every schedule, and print the endings and the shortest schedule to the goal
    #[arg(long)]
    explore: bool,

    /// Take these steps, and print what happens: names of threads, as in A,A,B; A.2 is the second of A's possible steps
    #[arg(long, value_name = "STEPS", value_delimiter = ',', conflicts_with = "explore")]
    schedule: Option<Vec<String>>,

    /// How the result is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Write NAME.json and NAME.html, or those of all programs, in this folder
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["explore", "schedule", "live"])]
    write: Option<PathBuf>,

    /// Play by lines of JSON on standard input and output: the protocol of the reading room
    #[arg(long, conflicts_with_all = ["explore", "schedule"])]
    live: bool,

    /// Let loads see old stores, as far as their memory orderings allow. Some programs always do
    #[arg(long)]
    weak_memory: bool,

    /// How many spurious wakeups a schedule may have
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = few, allow_hyphen_values = true)]
    spurious_wakeups: u32,

    /// How many timeouts may expire in a schedule while another thread can take a step
    #[arg(long, value_name = "N", default_value_t = Options::DEFAULT.timeouts, value_parser = few, allow_hyphen_values = true)]
    timeouts: u32,

    /// The maximum number of states to explore
    #[arg(long, value_name = "N", default_value_t = explore::STATES, value_parser = limit, allow_hyphen_values = true)]
    limit: usize,
}

/// Parses how many spurious wakeups or timeouts a schedule may have.
fn few(text: &str) -> Result<u32, String> {
    whole(text, 0, 1000).map(|number| number as u32)
}

/// Parses a number of states. More wouldn't fit into memory.
fn limit(text: &str) -> Result<usize, String> {
    whole(text, 1, 100_000_000).map(|number| number as usize)
}

/// An error, and the exit status for it.
struct Failure(String, u8);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string(), FAILED)
    }
}

/// The command line of the program `chapter-scheduler`.
pub fn command(programs: &'static [Program]) -> clap::Command {
    let value = |program: &Program| {
        let value = PossibleValue::new(program.name);
        let is_hidden = program.name.ends_with("_fixed") || program.question;
        if is_hidden { value.hide(true) } else { value.help(program.title) }
    };
    let names: Vec<PossibleValue> = programs.iter().map(value).collect();
    CommandLine::command()
        .name("chapter-scheduler")
        .about("You are the scheduler: decide which thread of a program takes the next step")
        .after_help(
            "Examples:\n  \
             chapter-scheduler two_locks\n  \
             chapter-scheduler two_locks --explore\n  \
             chapter-scheduler two_locks --schedule=A,B\n\n\
             Exit status: 0 done, 1 the program couldn't be explored, 2 the command line was wrong.",
        )
        .mut_arg("name", |name| name.value_name("NAME").value_parser(PossibleValuesParser::new(names)))
}

/// The program `chapter-scheduler`.
pub fn main(programs: &'static [Program]) -> ExitCode {
    main_with(programs, env::args_os())
}

fn main_with(programs: &'static [Program], arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    environment::prepare();
    let matches = command(programs).try_get_matches_from(arguments);
    let command_line = match matches.and_then(|matches| CommandLine::from_arg_matches(&matches)) {
        Ok(command_line) => command_line,
        Err(answer) => return answer_with(&answer),
    };
    match run(programs, &command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(error, status)) => fail(&error, status),
    }
}

fn run(programs: &'static [Program], command_line: &CommandLine) -> Result<(), Failure> {
    let named = command_line.name.as_ref().and_then(|name| programs.iter().find(|program| program.name == name));
    if let Some(folder) = &command_line.write {
        let recorded = programs.iter().filter(|program| match named {
            Some(named) => program.name == named.name,
            None => program.is_recorded(),
        });
        return write_recordings(recorded, folder, command_line);
    }
    if command_line.list {
        return print(&list(programs, command_line.format));
    }
    let Some(program) = named else {
        return Err(Failure(
            "name a program, as in `chapter-scheduler two_locks`; `--list` lists them".to_owned(),
            USAGE,
        ));
    };
    let options = command_line.options(program);
    if command_line.explore {
        let graph = explore(program, options, command_line.limit)?;
        let report = match command_line.format {
            Format::Text => report(program, options, &graph),
            Format::Json => format!("{}\n", report_json(program, options, &graph)),
        };
        return print(&report);
    }
    if let Some(steps) = &command_line.schedule {
        return print(&replay(program, options, steps, command_line.format)?);
    }
    if command_line.live {
        return Ok(live::run(program, options, command_line.limit, io::stdin().lock(), io::stdout())?);
    }
    play::run(program, options, command_line.limit).map_err(|error| Failure(error.to_string(), FAILED))
}

impl CommandLine {
    fn options(&self, program: &Program) -> Options {
        Options {
            weak_memory: self.weak_memory || program.options.weak_memory,
            spurious_wakeups: self.spurious_wakeups.max(program.options.spurious_wakeups),
            timeouts: self.timeouts,
        }
    }
}

/// Prints on standard output. It isn't a failure if the reader of a pipe, such as `head`, has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn list(programs: &[Program], format: Format) -> String {
    match format {
        Format::Text => {
            let width = programs.iter().map(|program| program.name.len()).max().unwrap_or_default();
            programs.iter().fold(String::new(), |mut text, program| {
                _ = writeln!(text, "{:width$}  {}", program.name, program.title);
                text
            })
        }
        Format::Json => programs.iter().fold(String::new(), |mut text, program| {
            let Program { name, title, goal, fixed, .. } = program;
            _ = writeln!(text, "{}", json!({ "name": name, "title": title, "goal": goal, "fixed": fixed }));
            text
        }),
    }
}

/// The endings with their counts, and the shortest schedule to the goal.
fn report(program: &Program, options: Options, graph: &Graph) -> String {
    let (goals, counts) = (graph.goals(program), graph.schedules_to_endings());
    let mut text = format!("{}: {}\nGoal: {}\n", program.name, program.title, program.goal);
    if options.weak_memory {
        text += "Memory is weak: a load may see an old store if its ordering allows that.\n";
    }
    let schedules = number(&graph.schedules().to_string());
    _ = writeln!(
        text,
        "\n{}, {}:\n",
        counted(&schedules, "schedule"),
        counted(&graph.endings.len().to_string(), "ending")
    );
    let counts: Vec<String> = counts.iter().map(|count| number(&count.to_string())).collect();
    let width = counts.iter().map(String::len).max().unwrap_or_default().max("schedules".len());
    // A question asks for all endings, and so none of them is a goal.
    let goal = if program.question { "" } else { "goal  " };
    _ = writeln!(text, "  {:>width$}  {goal}ending", "schedules");
    for (index, ending) in graph.endings.iter().enumerate() {
        let mark = if goals.contains(&index) { "yes" } else { "" };
        _ = writeln!(text, "  {:>width$}  {mark:1$}{2}", counts[index], goal.len(), ending.text());
    }
    if program.question {
        return text;
    }
    match graph.shortest(&goals, 0, None) {
        None => text += "\nNo schedule reaches the goal.\n",
        Some(shortest) => {
            let (steps, switches) = (shortest.steps.len().to_string(), shortest.switches.to_string());
            _ = writeln!(
                text,
                "\nThe shortest schedule that reaches the goal has {} and {}:\n",
                counted(&steps, "step"),
                counted_with(&switches, "switch", "switches")
            );
            text += &table(&shortest.describe(program, graph));
            if let Some(ending) = shortest.last(graph).and_then(|node| graph.nodes[node].ending) {
                _ = writeln!(text, "\n  {}", graph.endings[ending].text());
            }
            _ = writeln!(text, "\n  --schedule={}", schedule_words(&shortest, graph));
        }
    }
    text
}

/// The schedule as the flag `--schedule` expects it.
fn schedule_words(schedule: &Schedule, graph: &Graph) -> String {
    let word = |(node, edge): &(usize, usize)| choice_word(&graph.nodes[*node].edges[*edge].choice, &graph.threads);
    schedule.steps.iter().map(word).collect::<Vec<_>>().join(",")
}

/// An interleaving table: a row for each step, and a column for each thread if there is room.
pub(super) fn table(steps: &[Step]) -> String {
    let mut threads: Vec<(usize, &str)> = steps.iter().map(|step| (step.thread, step.name.as_str())).collect();
    threads.sort_unstable();
    threads.dedup();
    let line = |step: &Step| match step.at.first() {
        Some((_, line)) => format!("{} ({line})", step.text()),
        None => step.text(),
    };
    let column = |thread: usize, name: &str| {
        let widths = steps.iter().filter(|step| step.thread == thread).map(|step| line(step).chars().count());
        widths.chain([name.len()]).max().unwrap_or_default() + 2
    };
    let mut widths: Vec<usize> = threads.iter().map(|(thread, name)| column(*thread, name)).collect();
    let together = 8 + widths.iter().sum::<usize>() > WIDTH;
    let mut text = String::new();
    if together {
        widths = vec![threads.iter().map(|(_, name)| name.len()).max().unwrap_or_default().max("thread".len()) + 2];
        _ = writeln!(text, "  step  {:1$}operation (line)", "thread", widths[0]);
    } else {
        let names: String = threads.iter().zip(&widths).map(|((_, name), width)| format!("{name:width$}")).collect();
        _ = writeln!(text, "  step  {}", names.trim_end());
    }
    for (index, step) in steps.iter().enumerate() {
        let row: String = if together {
            format!("{:2$}{}", step.name, line(step), widths[0])
        } else {
            let cell = |thread: usize| if thread == step.thread { line(step) } else { String::new() };
            threads.iter().zip(&widths).map(|((thread, _), width)| format!("{:width$}", cell(*thread))).collect()
        };
        _ = writeln!(text, "  {:4}  {}", index + 1, row.trim_end());
    }
    text
}

fn report_json(program: &Program, options: Options, graph: &Graph) -> Json {
    let (goals, counts) = (graph.goals(program), graph.schedules_to_endings());
    let ending = |(index, ending): (usize, &Ending)| {
        let shortest = graph.shortest(&[index], 0, None);
        json!({
            "text": ending.text(),
            "kind": ending.kind(),
            "goal": goals.contains(&index),
            "schedules": counts[index].to_string(),
            "switches": shortest.as_ref().map(|shortest| shortest.switches),
            "schedule": shortest.as_ref().map(|shortest| schedule_words(shortest, graph)),
            "steps": shortest.map(|shortest| shortest.describe(program, graph)),
        })
    };
    json!({
        "name": program.name,
        "title": program.title,
        "goal": program.goal,
        "weak_memory": options.weak_memory,
        "schedules": graph.schedules().to_string(),
        "states": graph.nodes.len(),
        "executions": graph.executions,
        "endings": graph.endings.iter().enumerate().map(ending).collect::<Vec<_>>(),
    })
}

/// Takes the steps, and says what has happened.
fn replay(program: &Program, options: Options, words: &[String], format: Format) -> Result<String, Failure> {
    let mut execution = Execution::start(program, options, &[])?;
    let mut steps = vec![];
    for (index, word) in words.iter().enumerate() {
        let number = index + 1;
        let choices = execution.choices();
        let names = execution.thread_names();
        let choice = match find_choice(word.trim(), &choices, &names) {
            Ok(choice) => choice,
            Err(error) => {
                let error = impossible(&execution, word.trim(), error, &choices, &names);
                execution.finish()?;
                return Err(Failure(format!("step {number}: {error}"), USAGE));
            }
        };
        let (state, thread) = (execution.state(), choices[choice].thread);
        let observed = execution.step(choice)?;
        steps.push(Step::new(program, &state, &names, thread, &observed));
    }
    let (ending, state, names) = (execution.ending(), execution.state(), execution.thread_names());
    execution.finish()?;
    Ok(match format {
        Format::Json => {
            let ending =
                ending.map(|it| json!({ "text": it.text(), "kind": it.kind(), "goal": (program.reaches)(&it) }));
            format!(
                "{}\n",
                json!({ "name": program.name, "steps": steps, "ending": ending, "threads": names, "state": state })
            )
        }
        Format::Text => {
            let mut text = table(&steps);
            match ending {
                Some(ending) => {
                    _ = writeln!(text, "\n  {}", ending.text());
                    if !program.question {
                        _ = writeln!(text, "\n{}", program.verdict(&ending));
                    }
                }
                None => text += &format!("\n{}", play::describe(program, &state, &names)),
            }
            text
        }
    })
}

fn write_recordings<'a>(
    programs: impl Iterator<Item = &'a Program>,
    folder: &Path,
    command_line: &CommandLine,
) -> Result<(), Failure> {
    let failed = |file: &Path, error: io::Error| Failure(format!("cannot write {}: {error}", file.display()), FAILED);
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for program in programs {
        let options = command_line.options(program);
        let graph = explore(program, options, command_line.limit);
        let graph = graph.map_err(|error| Failure(format!("{}: {error}", program.name), FAILED))?;
        let json = recording::json(program, options, &graph);
        for (ending, text) in [("json", json + "\n"), ("html", recording::html(program, &graph))] {
            let file = folder.join(program.name).with_extension(ending);
            fs::write(&file, text).map_err(|error| failed(&file, error))?;
        }
    }
    Ok(())
}
