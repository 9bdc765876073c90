//! The door of the house: says which demos there are, how to read the book, and how to check both; and records the book's
//! figures.

mod figures;
mod record;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What is printed. A test runs every command that is named here through the parser that will get to see it.
const GUIDE: &str = "\
Threads, Processes, Coroutines: a book about concurrency whose every page runs.

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

Read the book:
  cargo install mdbook
  mdbook serve book --open

Solve an exercise of the book:
  cargo run --example exercise -- no_end

Record the book's figures on your machine, with the runs that they show:
  cargo run -- record

Check that code and pages keep what they promise:
  cargo test
";

/// Shows the way to the demos and to the book.
#[derive(Parser)]
#[command(version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs what the book's figures show, keeps the traces in book/traces, and draws book/figures
    Record {
        /// Record these figures alone
        #[arg(value_name = "NAME")]
        names: Vec<String>,

        /// Draw them from the traces that are there, and run nothing
        #[arg(long)]
        redraw: bool,
    },
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        None => show_the_way(),
        Some(Command::Record { names, redraw }) => match record::record(&names, redraw) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        },
    }
}

fn show_the_way() -> ExitCode {
    match io::stdout().write_all(GUIDE.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => fail(&format!("cannot write the guide: {error}")),
        _ => ExitCode::SUCCESS,
    }
}

fn fail(error: &str) -> ExitCode {
    // If even standard error is closed, the status has to say it all.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
