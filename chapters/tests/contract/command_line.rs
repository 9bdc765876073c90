//! The command line: the accepted arguments, and the errors, in one clear sentence before anything runs.
//!
//! Most command lines are read in this process, by the function that the program calls.

use std::fs;

use chapters::demo::{coroutines, processes, python, threads};
use chapters::demos::primitives::Primitive;
use chapters::demos::queues::QueueDemo;
use chapters::demos::{self, Part};
use chapters::measure::{gil, models};
use clap::{Command, CommandFactory, Parser};

use crate::common::{
    CHOOSING, CURRENT_THREAD, FORK, Folder, GIL_PROGRAM, ONE_LOCK, PRIMITIVES, QUEUES, THREADS, Variant,
};

/// Checks that a program rejects these flags with a message that has all these words, and prints nothing else.
pub fn refuses(variant: &Variant, flags: &[&str], words: &[&str]) {
    // Only these flags, because a flag may be given only once.
    let run = variant.bare(flags.iter().copied()).finish().exits_with(2);
    assert!(run.lines.is_empty(), "{} prints {:?}", run.line, run.lines);
    says(&run.line, &run.stderr, words);
}

fn says(line: &str, error: &str, words: &[&str]) {
    assert!(error.starts_with("error: "), "{line} says {error}");
    words.iter().for_each(|word| assert!(error.contains(word), "{line} does not say {word:?}: {error}"));
}

/// Why a program refuses these flags, if it does.
fn refusal(program: &str, flags: &[&str]) -> Option<String> {
    fn read<P: Part>(words: &[&str]) -> Option<clap::Error> {
        demos::CommandLine::<P>::read(words.iter().map(|word| (*word).to_owned())).err()
    }
    let words = &[&[program], flags].concat()[..];
    let error = match program {
        "gil" => gil::Options::try_parse_from(words).err(),
        "choosing" => models::Options::try_parse_from(words).err(),
        "primitives" => read::<Primitive>(words),
        "queues" => read::<QueueDemo>(words),
        "python" => python::check(words.iter().copied()).err(),
        _ => command(program).try_get_matches_from(words).err(),
    };
    error.map(|error| error.to_string())
}

fn command(program: &str) -> Command {
    match program {
        "threads" => threads::command(),
        "processes" => processes::command(),
        "coroutines" => coroutines::command(),
        "python" => python::command(),
        "gil" => gil::Options::command(),
        "choosing" => models::Options::command(),
        "primitives" => demos::CommandLine::<Primitive>::described(),
        "queues" => demos::CommandLine::<QueueDemo>::described(),
        _ => panic!("there is no program {program}"),
    }
}

/// The numbers that a flag accepts.
struct Numbers {
    /// The expected part of the error message.
    expected: &'static str,
    /// Numbers at the edges of the range, all of them accepted.
    right: &'static [&'static str],
    /// Numbers outside of the range, in addition to those in [`WRONG`].
    wrong: &'static [&'static str],
}

/// Values that no flag with a number accepts.
const WRONG: [&str; 9] = ["1e300", "NaN", "-NaN", "inf", "-inf", "1e999", "many", "0x10", ""];

const JOBS: Numbers = Numbers {
    expected: "expected a whole number from 0 to 10000000",
    right: &["0", "007", "+1"],
    wrong: &["-1", "10000001", "99999999999999999999", "1.5", "1e-320"],
};
const WORKERS: Numbers = Numbers {
    expected: "expected a whole number from 1 to ",
    right: &["1"],
    wrong: &["0", "-1", "4294967296", "99999999999999999999", "1.5", "1e-320"],
};
const TWO_WORKERS: Numbers = Numbers {
    expected: "expected a whole number from 2 to 100",
    right: &["2"],
    wrong: &["0", "1", "-2", "1001", "99999999999999999999", "2.5", "1e-320"],
};
const ROUNDS: Numbers = Numbers {
    expected: "expected a whole number from 1 to 1001",
    right: &["1"],
    wrong: &["0", "-1", "1002", "99999999999999999999", "1.5", "1e-320"],
};
const SCALE: Numbers = Numbers {
    expected: "expected a number from 0 to 1000000",
    right: &["0", "-0", "1e-320", "1e-999"],
    wrong: &["-1", "-1e-320", "1000001", "99999999999999999999"],
};
const TIME: Numbers = Numbers {
    expected: "expected a number of seconds from 0 to 31536000",
    right: &["0", "-0", "1e-320", "0.001"],
    wrong: &["-1", "-1e-320", "31536001", "99999999999999999999"],
};
const SWITCH_INTERVAL: Numbers = Numbers {
    expected: "expected a number of seconds greater than 0, at most 31536000",
    right: &["1e-320", "1e-6", "31536000"],
    wrong: &["0", "-0", "-1", "-1e-320", "1e-999", "31536001", "99999999999999999999"],
};
const SEED: Numbers = Numbers {
    expected: "a seed is an integer",
    right: &["0", "-0", "-1", "99999999999999999999", "-99999999999999999999"],
    wrong: &["1.5", "1e-320", "--1"],
};

/// The numbers that a flag of a program accepts.
fn numbers(program: &str, flag: &str) -> Numbers {
    match flag {
        "jobs" => JOBS,
        "seed" => SEED,
        "time" => TIME,
        "scale" => SCALE,
        "rounds" => ROUNDS,
        "switch-interval" => SWITCH_INTERVAL,
        "workers" if SERVICES.contains(program) => WORKERS,
        "workers" => TWO_WORKERS,
        _ => panic!("the range of --{flag} is not in this table"),
    }
}

#[test]
fn a_number_out_of_range_is_refused_by_the_name_of_its_flag_and_its_range() {
    for program in EVERY.split(' ') {
        let command = command(program);
        let takes_a_number = |flag: &&clap::Arg| {
            let names = flag.get_value_names().unwrap_or_default();
            names.iter().any(|name| ["N", "X", "SECONDS"].contains(&name.as_str()))
        };
        let flags: Vec<&str> = command.get_arguments().filter(takes_a_number).filter_map(clap::Arg::get_long).collect();
        assert!(flags.contains(&"scale"), "{flags:?}");
        for flag in flags {
            let Numbers { expected, right, wrong } = numbers(program, flag);
            let named = format!("--{flag}");
            for value in right {
                // A negative number after a space is a value and no flag.
                for flags in [&[&*format!("{named}={value}")][..], &[&named, value]] {
                    assert_eq!(refusal(program, flags), None, "{program} {flags:?}");
                }
            }
            for value in WRONG.iter().chain(wrong) {
                let expected = if value.is_empty() { "" } else { expected };
                for flags in [&[&*format!("{named}={value}")][..], &[&named, value]] {
                    let error = refusal(program, flags).unwrap_or_else(|| panic!("{program} accepts {flags:?}"));
                    says(&format!("{program} {flags:?}"), &error, &[&named, expected]);
                }
            }
        }
    }
}

#[test]
fn a_program_runs_with_numbers_at_the_edges() {
    let tiny = ["--jobs=2", "--scale=1e-320", "--switch-interval=1e-320", "--seed=-99999999999999999999"];
    let run = ONE_LOCK.run(tiny.into_iter().chain(["--until-done", "--time=31536000"])).finish().exits_with(0);
    assert_eq!(run.stderr, "");
    assert_eq!(run.story().summary.completed, 2);
    for (program, flags) in [
        (&THREADS, "--jobs=0 --scale=1e-999 --time=1e-320 --workers=1 --switch-interval=31536000"),
        (&FORK, "--jobs=0 --scale=-0 --time=-0 --workers=1"),
        (&CURRENT_THREAD, "--jobs=+1 --scale=1e-320 --time=0.001 --workers=1"),
        (&GIL_PROGRAM, "--only=io --rounds=1 --scale=1e-320 --workers=2 --switch-interval=1e-320"),
        (&CHOOSING, "--only=start --quick --rounds=1 --scale=1e-320"),
        (&PRIMITIVES, "lock --scale=1e-320 --workers=2"),
        (&QUEUES, "fifo --scale=1e-320 --workers=2"),
    ] {
        let run = program.bare(flags.split(' ')).finish().exits_with(0);
        assert_eq!(run.stderr, "", "{}", run.line);
    }
}

/// All programs, the services among them, and those that show one primitive or queue.
const EVERY: &str = "threads processes coroutines python gil choosing primitives queues";
const SERVICES: &str = "threads processes coroutines python";
const DEMOS: &str = "primitives queues";

/// Programs, flags that they refuse, and words of the message.
const REFUSED: &[(&str, &str, &[&str])] = &[
    (EVERY, "--format=xml", &["--format", "xml", "text, json"]),
    (EVERY, "--color", &["--color"]),
    (EVERY, "stray", &["stray"]),
    (SERVICES, "--kind=gpu", &["--kind", "gpu", "cpu, io"]),
    (SERVICES, "--progress=maybe", &["--progress", "auto, always, never"]),
    ("processes", "--method=teleport", &["--method", "teleport"]),
    ("coroutines", "--runtime=green", &["--runtime", "green", "current-thread, multi-thread"]),
    ("threads", "--gil=two", &["--gil", "two", "none, one, per-worker"]),
    ("gil", "--only=race", &["--only", "race", "cpu, io, interval, convoy"]),
    ("choosing", "--only=race", &["--only", "race", "cpu, io, mixed, empty, idle, start"]),
    (DEMOS, "--kind=gpu", &["--kind", "cpu, io"]),
    (DEMOS, "--model=fibers", &["--model", "threads, processes, coroutines"]),
    (DEMOS, "--model=processes --method=teleport", &["--method", "teleport"]),
    (DEMOS, "--model=coroutines --runtime=green", &["--runtime", "green"]),
    ("primitives", "lock lock", &["lock"]),
    ("queues", "lifo --model=processes", &["lifo", "no LifoQueue", "fifo, bounded"]),
    ("queues", "priority --model=processes", &["priority", "no PriorityQueue", "fifo, bounded"]),
    ("queues", "simple --model=coroutines", &["simple", "no SimpleQueue", "fifo, bounded"]),
    // Flags that don't fit the others.
    ("python", "--method=spawn", &["--method", "needs '--model=processes'"]),
    ("python", "--workers=10001", &["'10001' for '--workers <N>': expected a whole number from 1 to 10000"]),
    ("coroutines", "--gil=one", &["--gil"]),
    ("processes", "--switch-interval=1", &["--switch-interval"]),
    ("threads coroutines", "--method=fork", &["--method"]),
    ("threads", "--runtime=current-thread", &["--runtime"]),
    ("threads", "--timeline-window=0..1", &["--timeline"]),
    ("gil", "--jobs=1", &["--jobs"]),
    ("choosing", "--workers=4", &["--workers"]),
    (DEMOS, "--method=fork", &["--method", "--model=processes"]),
    (DEMOS, "--model=coroutines --method=fork", &["--method", "--model=processes"]),
    (DEMOS, "--runtime=multi-thread", &["--runtime", "--model=coroutines"]),
    (DEMOS, "--jobs=3", &["--jobs"]),
    (DEMOS, "--timeline=run.svg", &["--timeline", "name one of these"]),
    (DEMOS, "--trace=run.json", &["--trace", "name one of these"]),
    (DEMOS, "--timeline-window=0..1", &["--timeline"]),
];

#[test]
fn what_is_wrong_or_does_not_fit_is_refused_by_name() {
    for (programs, flags, words) in REFUSED {
        for program in programs.split(' ') {
            let flags: Vec<&str> = flags.split(' ').collect();
            let error = refusal(program, &flags).unwrap_or_else(|| panic!("{program} accepts {flags:?}"));
            says(&format!("{program} {flags:?}"), &error, words);
        }
    }
}

#[test]
fn a_window_needs_two_times_in_order() {
    for window in ["1", "1..1", "2..1", "a..b", "", "-1..1", "NaN..1", "0..inf", "1e-320..1e-320", "0..1e300"] {
        let window = format!("--timeline-window={window}");
        let error = refusal("threads", &["--timeline=run.svg", &window]).unwrap_or_else(|| panic!("{window}"));
        says(&window, &error, &["--timeline-window", "expected"]);
    }
}

#[test]
fn a_program_that_refuses_its_command_line_prints_the_reason_alone() {
    for program in [&THREADS, &FORK, &CURRENT_THREAD, &GIL_PROGRAM, &CHOOSING, &PRIMITIVES, &QUEUES] {
        refuses(program, &["--scale", "-0.5"], &["--scale", "from 0 to"]);
    }
    refuses(&QUEUES, &["lifo", "--model=processes"], &["no LifoQueue"]);
    refuses(&CHOOSING, &["--python=/no/such/python"], &["--python=/no/such/python", "Python 3.8 or later"]);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_the_run() {
    let folder = Folder::new("unwritable");
    for flag in ["--timeline", "--trace"] {
        for path in [folder.file("missing/run.svg"), folder.file(""), String::new()] {
            refuses(&THREADS, &[&format!("{flag}={path}")], &[flag]);
        }
    }
    refuses(&PRIMITIVES, &["lock", "--timeline=/missing/run.svg"], &["--timeline"]);
    assert_eq!(folder.names(), [""; 0], "nothing was made");
    let file = folder.file("a-file");
    fs::write(&file, "as it was").expect("a file");
    for (program, flag) in [(&GIL_PROGRAM, "--timelines"), (&CHOOSING, "--plot")] {
        for path in [file.clone(), format!("{file}/below"), String::new()] {
            refuses(program, &[&format!("{flag}={path}")], &[flag]);
        }
    }
    assert_eq!(fs::read_to_string(&file).expect("the file is there"), "as it was");
    fs::create_dir_all(folder.file("pictures/cpu.svg")).expect("a folder in the picture's place");
    refuses(&GIL_PROGRAM, &[&format!("--timelines={}", folder.file("pictures"))], &["--timelines", "cpu.svg"]);
}

#[test]
fn two_views_do_not_write_one_file() {
    let folder = Folder::new("one-file");
    let file = folder.file("run.svg");
    fs::write(&file, "as it was").expect("a file");
    fs::create_dir(folder.file("sub")).expect("a folder");
    std::os::unix::fs::symlink(&file, folder.file("link.svg")).expect("a link");
    for other in [&file, &folder.file("sub/../run.svg"), &folder.file("link.svg")] {
        let flags = [&format!("--timeline={file}")[..], &format!("--trace={other}")];
        refuses(&THREADS, &flags, &["--timeline", "--trace"]);
        assert_eq!(fs::read_to_string(&file).expect("the file is there"), "as it was");
    }
}

#[test]
fn a_wrong_command_line_touches_no_file() {
    let folder = Folder::new("untouched");
    let (old, new) = (folder.file("old.svg"), folder.file("new.json"));
    fs::write(&old, "as it was").expect("a file");
    for wrong in ["--workers=0", "--time=NaN", "stray"] {
        refuses(&THREADS, &[&format!("--timeline={old}"), &format!("--trace={new}"), wrong], &[]);
    }
    for file in [&old, &new] {
        refuses(&THREADS, &[&format!("--timeline={file}"), "--trace=/missing/run.json"], &["--trace"]);
    }
    assert_eq!(fs::read_to_string(&old).expect("the file is there"), "as it was");
    assert_eq!(folder.names(), ["old.svg"], "no file was made");
}
