//! Checks the commands that `cargo run`, the README, and the book show: each must exist and accept its arguments.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

#[cfg(target_os = "linux")]
use chapters::demo::processes;
use chapters::demo::{coroutines, python, threads};
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::measure::{gil, models};
use chapters::random::Seed;
use chapters::{demos, options};
use clap::{Args, Parser};

#[allow(dead_code, reason = "its command line is all that is wanted of it")]
#[path = "../chapters/examples/pools.rs"]
mod pools;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn reading_room(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reading-room")).args(arguments).output().expect("the program starts")
}

fn guide() -> String {
    String::from_utf8(reading_room(&["--help"]).stdout).expect("the guide is text")
}

fn page(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).expect("the page can be read")
}

/// The commands in a guide: the indented lines after the flags, one command to a line.
fn commands_of_guide(text: &str) -> Vec<&str> {
    let (_, guide) = text.split_once("\nWithout a command").expect("the guide says what happens without a command");
    guide.lines().filter_map(|line| line.strip_prefix("  ")).collect()
}

/// The commands in a page: the text after a `$` in its console blocks.
fn commands_of_page(text: &str) -> Vec<&str> {
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")).collect()
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

/// The flags of an example that leaves records.
#[derive(Parser)]
struct Example {
    #[arg(long = "seed")]
    _seed: Option<Seed>,
    #[command(flatten)]
    _output: options::Output,
}

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
    Path::new(ROOT).join("chapters").join(folder).join(program).with_extension("rs").is_file()
}

/// Whether a command that we ask a reader to type will work.
fn check(command: &str) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "test"] | ["cargo", "install", "mdbook"] => Ok(()),
        ["cargo", "run"] | ["cargo", "run", "--release"] => Ok(()),
        ["cargo", "run", "--", rest @ ..] | ["cargo", "run", "--release", "--", rest @ ..] => room_parses(rest),
        ["mdbook", "serve" | "build", "book"] | ["mdbook", "serve" | "build", "book", "--open"] => Ok(()),
        ["diff", files @ ..] if files.iter().all(|file| Path::new(ROOT).join(file).is_file()) => Ok(()),
        ["python3", "-c", ..] => Ok(()),
        ["python3", file, ..] if file.ends_with(".py") && Path::new(ROOT).join(file).is_file() => Ok(()),
        ["cargo", "run", "--example", name] if chapters_has("examples", name) => Ok(()),
        ["cargo", "run", "--example", "kill_one", "--", ..] => parses::<NoMore>(&words[4..]),
        ["cargo", "run", "--example", "processes", "--", scene] => {
            let shows = page("chapters/examples/processes/main.rs").contains(&format!("{scene:?} =>"));
            shows.then_some(()).ok_or_else(|| format!("nothing shows {scene}"))
        }
        ["cargo", "run", "--example", "audit", "--", command, ..] => {
            let does = page("chapters/examples/audit/main.rs").contains(&format!("[{command:?}"));
            does.then_some(()).ok_or_else(|| format!("audit can't {command}"))
        }
        ["cargo", "run", "-p", "detector"] => Ok(()),
        // A package that this one doesn't know. The test `run` compares the table of its flags with the program.
        ["cargo", "run", "-p", "machines", "--bin", "chapter-machines", "--", flags @ ..] => {
            let flags: Vec<&str> = flags.iter().map(|flag| flag.split('=').next().unwrap_or(flag)).collect();
            let table = page("book/src/commands.md");
            let unknown = flags
                .iter()
                .find(|flag| ![format!("| `{flag}="), format!("| `{flag}`")].iter().any(|it| table.contains(it)));
            unknown.map_or(Ok(()), |flag| Err(format!("the tables of flags don't have {flag}")))
        }
        ["cargo", "run", "--release", "--example", name] if chapters_has("examples", name) => Ok(()),
        ["cargo", "run", "--bin", "exercises"] => Ok(()),
        ["cargo", "run", "--bin", "exercises", "--", "list" | "verify"] => Ok(()),
        ["cargo", "run", "--bin", "exercises", "--", "run" | "hint" | "reset", name] => {
            chapters_has("exercises", name).then_some(()).ok_or_else(|| format!("there is no exercise {name}"))
        }
        ["cargo", "run", "--example", "pools", "--", ..] => shows::<pools::Pool>(&words[4..]),
        ["cargo", "run", "--example", "graceful", "--", seconds] => {
            seconds.parse::<f64>().map(drop).map_err(|error| error.to_string())
        }
        ["cargo", "run", "--example", "bad_job", "--", ..] => parses::<NoMore>(&words[4..]),
        ["cargo", "run", "--example", name, "--", ..] if chapters_has("examples", name) => {
            Example::try_parse_from(&words[4..]).map(drop).map_err(|error| error.to_string())
        }
        ["cargo", "bench", "-p", "chapters", "--bench", name, parts @ ..] => {
            let of = |path: String| fs::read_to_string(Path::new(ROOT).join("chapters/benches").join(path));
            let bench = of(format!("{name}.rs")).or_else(|_| of(format!("{name}/main.rs")));
            let bench = bench.map_err(|_| format!("there is no benchmark {name}"))?;
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
fn check_all(commands: &[&str]) {
    assert!(!commands.is_empty(), "no commands found");
    for command in commands {
        check(command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn the_guide_names_every_demo() {
    let guide = guide();
    for entry in Path::new(ROOT).join("chapters/src/bin").read_dir().expect("there are demos") {
        let path = entry.expect("the folder can be read").path();
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
    check_all(&commands_of_page(&page("README.md")));
}

#[test]
fn every_command_of_the_book_works() {
    let entries = Path::new(ROOT).join("book/src").read_dir().expect("there is a book");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let pages: Vec<String> = paths.filter(|path| path.extension().is_some_and(|end| end == "md")).map(page).collect();
    check_all(&pages.iter().flat_map(|page| commands_of_page(page)).collect::<Vec<_>>());
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
        ("cargo run --bin exercises -- run fibers", "no exercise fibers"),
        ("cargo run --bin chapter-threads --jobs=8", "after --"),
        ("cargo run --bin chapter-threads -- --job=8", "--job"),
        ("cargo run --bin chapter-threads -- --workers=0", "from 1 to"),
        ("cargo run --bin chapter-gil -- --only=fibers", "fibers"),
        ("cargo run --bin chapter-primitives -- fiber", "fiber"),
        ("cargo run --bin chapter-queues -- lifo --model=processes", "no LifoQueue"),
        ("cargo run --bin chapter-queues -- --timeline=run.svg", "--timeline"),
        ("cargo run --bin chapter-processes -- --method=clone", "clone"),
        ("cargo run --bin chapter-python -- --method=spawn", "--model=processes"),
        ("cargo run --example chapter-gil", "nobody has checked"),
        ("cargo run --example kill_one -- --job=8", "--job"),
        ("cargo run --example processes -- fibers", "nothing shows fibers"),
        ("cargo run --example audit -- fibers", "audit can't fibers"),
        ("cargo bench -p chapters --bench fibers", "no benchmark fibers"),
        ("cargo bench -p chapters --bench numbers fibers", "no part fibers"),
        ("python3 chapters/examples/fibers.py", "nobody has checked"),
        ("diff README.md READYOU.md", "nobody has checked"),
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
    fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let files = files.into_iter().filter(|file| file.extension().is_some_and(|it| it == "rs"));
        files.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
    }
    let list = page(".ci/tests");
    let tests = Path::new(ROOT).join("chapters/tests");
    let mut found = 0;
    for file in rust_files(&tests) {
        if fs::read_to_string(&file).expect("a source").contains("#[ignore = \"long: run by .ci/run\"]") {
            let program = file.strip_prefix(&tests).expect("it was found there").iter().next().expect("a name");
            let name = Path::new(program).file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(list.contains(&format!("\n    \"{name}\",\n")), ".ci/tests doesn't run the long tests of {name}");
            found += 1;
        }
    }
    assert!(found > 10, "only {found} files with long tests were found");
}
