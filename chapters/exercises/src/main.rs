//! Checks the exercises of the book while a reader solves them: `cargo run --bin exercises`.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use exercises::{commands, watch};

const HELP: &str = "\
Checks the exercises of the book.

Usage: cargo run --bin exercises [-- COMMAND]

Without a command, it checks an exercise whenever its file is saved.

Commands:
  list          Lists the exercises, and which of them are solved
  run NAME      Checks one exercise; with --solution, checks the solution of the book
  hint NAME     Shows the next hint for an exercise; with --all, shows all of them
  reset NAME    Restores the original file of an exercise, and keeps a copy of yours
  verify        Checks all exercises

Options:
  --folder=DIR  Checks the exercises in this folder instead of those in chapters/exercises. The environment variable
                EXERCISES_FOLDER does the same, for the reading room as well
  --help        Shows this help
";

/// The exit status if the command line was wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut words: Vec<String> = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let folder = words.iter().position(|word| word.starts_with("--folder=")).map(|place| words.remove(place));
    let folder = folder.as_deref().and_then(|word| word.strip_prefix("--folder=")).map(PathBuf::from);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let desk = commands::Desk::new(folder.or_else(commands::folder_in_environment).as_deref());
    let result = match words[..] {
        [] => watch::watch(&desk),
        ["list"] => commands::list(&desk),
        ["run", name] => commands::run(&desk, name),
        ["run", "--solution", name] | ["run", name, "--solution"] => commands::run_solution(&desk, name),
        // The reading room asks for it.
        ["run", name, "--live"] => commands::run_live(&desk, name),
        ["hint", name] => commands::hint(&desk, name, false),
        ["hint", "--all", name] | ["hint", name, "--all"] => commands::hint(&desk, name, true),
        ["reset", name] => commands::reset(&desk, name),
        ["verify"] => commands::verify(&desk),
        [command @ ("run" | "hint" | "reset")] => {
            Err(commands::Stop::Usage(format!("{command} needs the name of an exercise")))
        }
        [first, ..] => Err(commands::unknown_command(first)),
    };
    match result {
        Ok(status) => status,
        Err(commands::Stop::Usage(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(USAGE)
        }
        Err(commands::Stop::Failed(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
