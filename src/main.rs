//! The command line: opens the reading room, builds and prints the book, and records its figures.

use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chapters::environment;
use chapters::options::whole;
use clap::{Parser, Subcommand};
use reading_room::room::labs::Lab;
use reading_room::room::supervisor;
use reading_room::{book, figures, pdf, record, serve};

/// The end of the help text. A test checks every command in it.
const GUIDE: &str = "\
Without a command, it is serve. The address that serve prints has a token, without which other users of this machine
can't run programs as you. Open it once in your browser.

Run one service three ways:
  cargo run --bin chapter-threads -- --jobs=8 --seed=1 --time=3
  cargo run --bin chapter-processes -- --jobs=8 --seed=1 --time=3
  cargo run --bin chapter-coroutines -- --jobs=8 --seed=1 --time=3

Run it in CPython, with your own interpreter:
  cargo run --bin chapter-python -- --jobs=8 --seed=1 --time=3

See what a global interpreter lock, such as Python's, does to the threads:
  cargo run --bin chapter-gil -- --seed=1

See each primitive and each queue at work on a small task:
  cargo run --bin chapter-primitives -- barrier --model=coroutines
  cargo run --bin chapter-queues -- bounded --model=processes

Run the same work under every model, and compare the times:
  cargo run --release --bin chapter-choosing -- --quick

Each of them explains its flags with --help. The processes need Linux.

Solve the exercises of the book:
  cargo run --bin exercises

Read the book without the demos:
  cargo install mdbook
  mdbook serve book --open

Test the code and the pages:
  cargo test

Exit status: 0 done, 1 failed, 2 wrong command line, 130 interrupted by Ctrl-C, 143 ended by SIGTERM.";

/// Threads, Processes, Coroutines: a book about concurrency whose every page runs
#[derive(Parser)]
#[command(version, after_help = GUIDE, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(flatten)]
    serve: Serve,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Args)]
struct Serve {
    /// The port; 0 for any. Without it, 3000 or the next free one
    #[arg(long, value_name = "PORT", value_parser = port, allow_hyphen_values = true)]
    port: Option<u16>,

    /// Open the room in a browser
    #[arg(long)]
    open: bool,
}

fn port(text: &str) -> Result<u16, String> {
    whole(text, 0, u16::MAX.into()).map(|port| port as u16)
}

#[derive(Subcommand)]
enum Command {
    /// Opens the reading room: the book, with demos that run from its pages
    Serve(Serve),

    /// Builds the book into book/book
    Build,

    /// Prints the book into a file; needs Chromium or Chrome
    Pdf {
        /// The file; by default book/book/threads-processes-coroutines.pdf
        #[arg(value_name = "FILE.pdf")]
        file: Option<PathBuf>,
    },

    /// Runs the commands of the book's figures, keeps their traces in book/traces, and draws book/figures
    Record {
        /// Only these figures
        #[arg(value_name = "NAME")]
        names: Vec<String>,

        /// Draw the figures from the existing traces, and run nothing
        #[arg(long)]
        redraw: bool,
    },

    /// Runs a demo until standard input ends; the room uses this
    #[command(hide = true)]
    Supervise {
        lab: String,
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    environment::prepare();
    if let Some(status) = supervisor::run_demo() {
        return status;
    }
    let CommandLine { serve, command } = match CommandLine::try_parse_from(env::args_os()) {
        Ok(command_line) => command_line,
        Err(error) => return print_usage(&error),
    };
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(Serve { port, open }) => {
            return serve::serve(port, open).map_or_else(|error| fail(&error), ExitCode::from);
        }
        Command::Build => book::build(&book::folder().join("book")),
        Command::Pdf { file } => pdf::print(&file.unwrap_or_else(pdf::default_path)),
        Command::Record { names, redraw } => match figures::figures().map(|figures| record::select(figures, &names)) {
            Ok(Ok(figures)) => record::record(&figures, redraw),
            Ok(Err(wrong_name)) => return fail_with(2, &wrong_name),
            Err(error) => Err(error),
        },
        Command::Supervise { lab, arguments } => return supervise(&lab, &arguments),
    };
    done.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

/// Prints the help, the version or an error of the command line. clap's own `exit` would ignore that this may fail.
fn print_usage(error: &clap::Error) -> ExitCode {
    match error.print().and_then(|()| io::stdout().flush()) {
        Ok(()) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
        Err(_) if error.use_stderr() => ExitCode::from(2),
        Err(error) => fail(&format!("cannot write standard output: {error}")),
    }
}

fn supervise(lab: &str, arguments: &[String]) -> ExitCode {
    let Some(lab) = Lab::find(lab) else { return fail(&format!("there is no lab {lab}")) };
    supervisor::supervise(lab, arguments).unwrap_or_else(|error| fail(&error))
}

fn fail(error: &dyn Display) -> ExitCode {
    fail_with(1, error)
}

fn fail_with(status: u8, error: &dyn Display) -> ExitCode {
    // With standard error closed, only the status remains.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(status)
}
