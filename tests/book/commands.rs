//! The commands that `cargo run` and the README show, and those on the pages that the test `run` doesn't run: each exists
//! and accepts its arguments.

use std::path::Path;
use std::process::{Command, Output};

#[cfg(target_os = "linux")]
use chapters::demo::processes;
use chapters::demo::{coroutines, python, threads};
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::measure::{gil, models};
use chapters::{demos, options};
use clap::{Args, Parser};

use crate::common::{Page, files, page, pages, root};
use crate::exercises::commands;
use crate::read;

fn reading_room(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reading-room")).args(arguments).output().expect("the program starts")
}

fn guide() -> String {
    String::from_utf8(reading_room(&["--help"]).stdout).expect("the guide is text")
}

/// The commands in a guide: the indented lines after the flags, one command to a line.
fn commands_of_guide(text: &str) -> Vec<String> {
    let (_, guide) = text.split_once("\nWithout a command").expect("the guide says what happens without a command");
    guide.lines().filter_map(|line| Some(line.strip_prefix("  ")?.to_owned())).collect()
}

#[derive(Parser)]
struct CommandLine<M: Args> {
    #[command(flatten)]
    _options: options::Options,
    #[command(flatten)]
    _more: M,
}

/// The empty flags of a demo that doesn't define any.
#[derive(Args)]
struct NoMore {}

fn parses<M: Args>(words: &[&str]) -> Result<(), String> {
    CommandLine::<M>::try_parse_from(words).map(drop).map_err(|error| error.to_string())
}

fn shows<P: demos::Part>(words: &[&str]) -> Result<(), String> {
    let words = words.iter().map(|word| (*word).to_owned());
    demos::CommandLine::<P>::read(words).map(drop).map_err(|error| error.to_string())
}

/// Whether the reading room accepts these words. The test adds `--help`, so that nothing is started; clap parses the
/// words in order, so it finds a wrong one first.
fn room_parses(words: &[&str]) -> Result<(), String> {
    let output = reading_room(&[words, &["--help"]].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(error) }
}

/// Whether a folder of `chapters` has such a program.
fn chapters_has(folder: &str, program: &str) -> bool {
    root().join("chapters").join(folder).join(program).with_extension("rs").is_file()
}

/// Whether a command that we ask a reader to type will work.
fn check(command: &str) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "test"] | ["cargo", "install", "mdbook"] => Ok(()),
        ["cargo", "run"] | ["cargo", "run", "--release"] => Ok(()),
        ["cargo", "run", "--", rest @ ..] | ["cargo", "run", "--release", "--", rest @ ..] => room_parses(rest),
        ["mdbook", "serve" | "build", "book"] | ["mdbook", "serve" | "build", "book", "--open"] => Ok(()),
        ["cargo", "run", "--bin", "exercises"] => Ok(()),
        ["cargo", "bench", "-p", "programs", "--bench", "click"] => Ok(()),
        ["cargo", "bench", "-p", "chapters", "--bench", name, parts @ ..] => {
            let of = |path: String| read(&Path::new("chapters/benches").join(path));
            let bench = of(format!("{name}.rs")).or_else(|| of(format!("{name}/main.rs")));
            let bench = bench.ok_or(format!("there is no benchmark {name}"))?;
            let missing = parts.iter().find(|part| !bench.contains(&format!("({part:?}, ")));
            missing.map_or(Ok(()), |part| Err(format!("{name} has no part {part}")))
        }
        ["cargo", "run", "--bin", demo, rest @ ..] | ["cargo", "run", "--release", "--bin", demo, rest @ ..] => {
            if !chapters_has("src/bin", demo) {
                return Err(format!("there is no demo {demo}"));
            }
            // The program's own name is the first word, which clap skips.
            let words = match rest {
                [] => &words[words.len() - 1..],
                ["--", ..] => rest,
                _ => return Err("flags of a demo stand after --".to_owned()),
            };
            match *demo {
                "chapter-threads" => parses::<threads::Options>(words),
                #[cfg(target_os = "linux")]
                "chapter-processes" => parses::<processes::Options>(words),
                "chapter-coroutines" => parses::<coroutines::Options>(words),
                "chapter-python" => python::check(words.iter().copied()).map_err(|error| error.to_string()),
                "chapter-gil" => gil::Options::try_parse_from(words).map(drop).map_err(|error| error.to_string()),
                "chapter-choosing" => models::Options::try_parse_from(words).map(drop).map_err(|it| it.to_string()),
                "chapter-primitives" => shows::<Primitive>(words),
                "chapter-queues" => shows::<QueueDemo>(words),
                _ => parses::<NoMore>(words),
            }
        }
        _ => Err("nobody has checked such a command".to_owned()),
    }
}

#[track_caller]
fn check_all(commands: &[String]) {
    assert!(!commands.is_empty(), "no commands found");
    for command in commands {
        check(command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn the_guide_names_every_demo() {
    let guide = guide();
    for path in files("chapters/src/bin", "rs") {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a demo has a name");
        assert!(guide.contains(&format!("--bin {name} ")), "{name} is not in the guide");
    }
}

#[test]
fn every_command_of_the_guide_works() {
    check_all(&commands_of_guide(&guide()));
}

#[test]
fn every_command_of_the_readme_works() {
    check_all(&commands(&page("README.md")));
}

/// Of the commands on the pages, the test `run` runs all others.
#[test]
fn every_command_of_the_book_that_is_not_run_works() {
    let is_not_run = |command: &String| {
        let words: Vec<&str> = command.split_whitespace().collect();
        matches!(
            words[..],
            ["mdbook", ..]
                | ["cargo", "install" | "test" | "bench", ..]
                | ["cargo", "run"]
                | ["cargo", "run", "--", ..]
        )
    };
    check_all(&pages().iter().flat_map(commands).filter(is_not_run).collect::<Vec<_>>());
}

#[test]
fn the_exit_status_says_whether_the_command_line_was_right() {
    assert_eq!(reading_room(&["--help"]).status.code(), Some(0));
    assert_eq!(reading_room(&["--version"]).status.code(), Some(0));
    for wrong in [["--no-such-flag"], ["chapter-threads"]] {
        let output = reading_room(&wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty(), "{wrong:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(wrong[0]), "{wrong:?}");
    }
}

#[test]
fn an_unknown_figure_is_a_wrong_command_line() {
    let output = reading_room(&["record", "gil-two"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("there is no figure gil-two: expected one of introduction-two, "), "{error}");
}

#[test]
fn a_wrong_command_is_found() {
    for (command, error) in [
        ("cargo run --bin chapter-fibers", "no demo chapter-fibers"),
        ("cargo run --bin chapter-threads --jobs=8", "after --"),
        ("cargo run --bin chapter-threads -- --job=8", "--job"),
        ("cargo run --bin chapter-threads -- --workers=0", "from 1 to"),
        ("cargo run --bin chapter-gil -- --only=fibers", "fibers"),
        ("cargo run --bin chapter-primitives -- fiber", "fiber"),
        ("cargo run --bin chapter-queues -- lifo --model=processes", "no LifoQueue"),
        ("cargo run --bin chapter-queues -- --timeline=run.svg", "--timeline"),
        ("cargo run --bin chapter-processes -- --method=clone", "clone"),
        ("cargo run --bin chapter-python -- --method=spawn", "--model=processes"),
        ("cargo bench -p chapters --bench fibers", "no benchmark fibers"),
        ("cargo bench -p chapters --bench numbers fibers", "no part fibers"),
        ("cargo make", "nobody has checked"),
        ("cargo run -- --prot=3000", "--prot"),
        ("cargo run -- --port=many", "many"),
        ("cargo run -- print", "print"),
        ("cargo run -- build --open", "--open"),
    ] {
        let found = check(command).expect_err(command);
        assert!(found.contains(error), "{command}: {found}");
    }
}

/// `.ci/tests` has a list of the test programs whose ignored tests it runs.
#[test]
fn continuous_integration_runs_every_long_test() {
    let list = page(".ci/tests").text;
    let mut found = 0;
    for Page { path, text } in files("chapters/tests", "rs").into_iter().map(page) {
        if text.contains("#[ignore = \"long: run by .ci/run\"]") {
            let program =
                path.strip_prefix("chapters/tests").expect("it was found there").iter().next().expect("a name");
            let name = Path::new(program).file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(list.contains(&format!("\n    \"{name}\",\n")), ".ci/tests doesn't run the long tests of {name}");
            found += 1;
        }
    }
    assert!(found > 10, "only {found} files with long tests were found");
}
