//! The door of the house: opens the reading room, builds, prints and records the book, and says what else there is.

mod figures;
mod pdf;
mod record;
mod room;
mod serve;
mod shelf;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use room::labs::Lab;
use room::supervisor;

/// What is told to who asks for help. A test runs every command that is named here through the parser that will get to see
/// it.
const GUIDE: &str = "\
Without a command, it is serve: the book, with the demos to be run in its pages.

Run one service three ways:
  cargo run --bin chapter-threads -- --jobs=8 --seed=1 --time=3
  cargo run --bin chapter-processes -- --jobs=8 --seed=1 --time=3
  cargo run --bin chapter-coroutines -- --jobs=8 --seed=1 --time=3

See what a global interpreter lock, such as Python's, does to the threads:
  cargo run --bin chapter-gil -- --seed=1

See what each primitive and each queue does, at work on a small task:
  cargo run --bin chapter-primitives -- barrier --model=coroutines
  cargo run --bin chapter-queues -- bounded --model=processes

Run the same work under every model, and measure what it takes:
  cargo run --release --bin chapter-choosing -- --quick

Each of them explains its flags if you ask with --help. The processes need Linux.

Solve an exercise of the book:
  cargo run --example exercise -- no_end

Read the book without the demos:
  cargo install mdbook
  mdbook serve book --open

Check that code and pages keep what they promise:
  cargo test

Exit status: 0 done, 1 it failed, 2 the command line was wrong.";

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
    /// Where the room is on this machine; 0 for any port. Without it, 3000 or the next that is free
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Open it in a browser
    #[arg(long)]
    open: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Opens the reading room: the book, with the demos to be run in its pages
    Serve(Serve),

    /// Builds the book into book/book, as mdbook does
    Build,

    /// Prints the book into a file; needs Chromium or Chrome
    Pdf {
        /// The file; book/book/threads-processes-coroutines.pdf unless it is named
        #[arg(value_name = "FILE.pdf")]
        file: Option<PathBuf>,
    },

    /// Runs what the book's figures show, keeps the traces in book/traces, and draws book/figures
    Record {
        /// Record these figures alone
        #[arg(value_name = "NAME")]
        names: Vec<String>,

        /// Draw them from the traces that are there, and run nothing
        #[arg(long)]
        redraw: bool,
    },

    /// Runs a demo for as long as somebody holds the standard input: the room calls this
    #[command(hide = true)]
    Supervise {
        lab: String,
        #[arg(last = true)]
        words: Vec<String>,
    },
}

fn main() -> ExitCode {
    if let Some(status) = supervisor::demo() {
        return status;
    }
    let CommandLine { serve, command } = CommandLine::parse();
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(Serve { port, open }) => serve::serve(port, open),
        Command::Build => shelf::build(&shelf::book().join("book")),
        Command::Pdf { file } => pdf::print(&file.unwrap_or_else(pdf::default_path)),
        Command::Record { names, redraw } => record::record(&names, redraw),
        Command::Supervise { lab, words } => return supervise(&lab, &words),
    };
    done.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

fn supervise(lab: &str, words: &[String]) -> ExitCode {
    let Some(lab) = Lab::find(lab) else { return fail(&format!("there is no lab {lab}")) };
    supervisor::supervise(lab, words).unwrap_or_else(|error| fail(&error))
}

fn fail(error: &dyn Display) -> ExitCode {
    // If even standard error is closed, the status has to say it all.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
