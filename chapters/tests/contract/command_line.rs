//! The command line: the accepted arguments, and the errors, in one clear sentence before anything runs.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{
    CHOOSING, CURRENT_THREAD, FOREVER, FORK, Folder, GIL_PROGRAM, MODELS, PRIMITIVES, PROCESSES, QUEUES, THREADS,
    Variant, each,
};

/// Checks that a variant rejects `flag` with a message that names `names`.
pub fn refuses(variant: &Variant, flags: &[&str], names: &[&str]) {
    // Only these flags, because a flag may be given only once.
    let run = variant.bare(flags.iter().copied()).finish().exits_with(2);
    assert!(run.lines.is_empty(), "{} prints {:?}", run.line, run.lines);
    for name in names {
        assert!(run.stderr.contains(name), "{} does not say {name:?}: {}", run.line, run.stderr);
    }
    assert!(run.stderr.starts_with("error: "), "{} says {}", run.line, run.stderr);
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

/// A program, flags with which it's done at once, and its flags that take a number.
type Program = (&'static Variant, &'static [&'static str], &'static [(&'static str, Numbers)]);

const QUICK: &[&str] = &["--jobs=2", "--scale=0", "--until-done", FOREVER];
const PROGRAMS: [Program; 7] = [
    (
        &THREADS,
        QUICK,
        &[
            ("jobs", JOBS),
            ("seed", SEED),
            ("time", TIME),
            ("workers", WORKERS),
            ("scale", SCALE),
            ("switch-interval", SWITCH_INTERVAL),
        ],
    ),
    (&FORK, QUICK, &[("jobs", JOBS), ("seed", SEED), ("time", TIME), ("workers", WORKERS), ("scale", SCALE)]),
    (&CURRENT_THREAD, QUICK, &[("jobs", JOBS), ("seed", SEED), ("time", TIME), ("workers", WORKERS), ("scale", SCALE)]),
    (
        &GIL_PROGRAM,
        &["--only=io", "--rounds=1", "--scale=0"],
        &[
            ("seed", SEED),
            ("workers", TWO_WORKERS),
            ("scale", SCALE),
            ("switch-interval", SWITCH_INTERVAL),
            ("rounds", ROUNDS),
        ],
    ),
    (
        &CHOOSING,
        &["--only=start", "--quick", "--rounds=1", "--scale=0"],
        &[("seed", SEED), ("scale", SCALE), ("rounds", ROUNDS)],
    ),
    (&PRIMITIVES, &["lock", "--scale=0"], &[("workers", TWO_WORKERS), ("seed", SEED), ("scale", SCALE)]),
    (&QUEUES, &["fifo", "--scale=0"], &[("workers", TWO_WORKERS), ("seed", SEED), ("scale", SCALE)]),
];

/// Checks a promise on all programs in parallel.
fn each_program(promise: impl Fn(&Program) + Sync) {
    each(&PROGRAMS.map(|(variant, ..)| variant), |variant| {
        promise(PROGRAMS.iter().find(|(it, ..)| it.name == variant.name).expect("one of the programs"));
    });
}

#[test]
fn every_flag_that_takes_a_number_is_in_the_table() {
    each_program(|(variant, _, flags)| {
        let help = variant.bare(["--help"]).finish().exits_with(0).lines;
        let flag = |line: &String| {
            let (flag, rest) = line.trim_start().strip_prefix("--")?.split_once(" <")?;
            let (placeholder, _) = rest.split_once('>')?;
            ["N", "X", "SECONDS"].contains(&placeholder).then(|| flag.to_owned())
        };
        let found: BTreeSet<String> = help.iter().filter_map(flag).collect();
        assert_eq!(found, flags.iter().map(|(flag, _)| (*flag).to_owned()).collect(), "{help:#?}");
    });
}

#[test]
fn a_number_out_of_range_is_refused_by_the_name_of_its_flag_and_its_range() {
    each_program(|(variant, _, flags)| {
        for (flag, Numbers { expected, wrong, .. }) in *flags {
            refuses(variant, &[&format!("--{flag}"), WRONG[0]], &[&format!("--{flag}"), expected]);
            for value in WRONG.iter().chain(*wrong) {
                let joined = format!("--{flag}={value}");
                refuses(variant, &[&joined], &[&format!("--{flag}"), if value.is_empty() { "" } else { expected }]);
            }
        }
    });
}

#[test]
fn the_numbers_at_the_edges_are_accepted() {
    each_program(|(variant, quick, flags)| {
        for (flag, Numbers { right, .. }) in *flags {
            let others = quick.iter().copied().filter(|it| !it.starts_with(&format!("--{flag}=")));
            let others: Vec<&str> = others.collect();
            for value in *right {
                let value = format!("--{flag}={value}");
                let run = variant.bare(others.iter().copied().chain([&value[..]])).finish().exits_with(0);
                assert_eq!(run.stderr, "", "{}", run.line);
            }
        }
    });
}

#[test]
fn a_wrong_value_is_refused_by_the_name_of_its_flag() {
    let service: [&Variant; 3] = [&THREADS, PROCESSES[0], &CURRENT_THREAD];
    let programs: &[&Variant] =
        &[&THREADS, PROCESSES[0], &CURRENT_THREAD, &GIL_PROGRAM, &CHOOSING, &PRIMITIVES, &QUEUES];
    let demos: [&Variant; 2] = [&PRIMITIVES, &QUEUES];
    let wrong: &[(&[&Variant], &[&str], &[&str])] = &[
        (programs, &["--format=xml"], &["--format", "xml", "text, json"]),
        (programs, &["--color"], &["--color"]),
        (programs, &["stray"], &["stray"]),
        (&service, &["--kind=gpu"], &["--kind", "gpu", "cpu, io"]),
        (&service, &["--progress=maybe"], &["--progress", "auto, always, never"]),
        (&[PROCESSES[0]], &["--method=teleport"], &["--method", "teleport"]),
        (&[&CURRENT_THREAD], &["--runtime=green"], &["--runtime", "green", "current-thread, multi-thread"]),
        (&[&THREADS], &["--gil=two"], &["--gil", "two", "none, one, per-worker"]),
        (&[&GIL_PROGRAM], &["--only=race"], &["--only", "race", "cpu, io, interval, convoy"]),
        (&[&CHOOSING], &["--only=race"], &["--only", "race", "cpu, io, mixed, empty, idle, start"]),
        (&[&CHOOSING], &["--python=/no/such/python"], &["--python=/no/such/python", "Python 3.8 or later"]),
        (&demos, &["--kind=gpu"], &["--kind", "cpu, io"]),
        (&demos, &["--model=fibers"], &["--model", "threads, processes, coroutines"]),
        (&demos, &["--model=processes", "--method=teleport"], &["--method", "teleport"]),
        (&demos, &["--model=coroutines", "--runtime=green"], &["--runtime", "green"]),
        (&[&PRIMITIVES], &["lock", "lock"], &["lock"]),
    ];
    for (programs, flags, names) in wrong {
        programs.iter().for_each(|program| refuses(program, flags, names));
    }
}

#[test]
fn a_flag_that_does_not_fit_the_others_is_refused() {
    let demos: [&Variant; 2] = [&PRIMITIVES, &QUEUES];
    let wrong: &[(&[&Variant], &[&str], &[&str])] = &[
        (&[&CURRENT_THREAD], &["--gil=one"], &["--gil"]),
        (&[PROCESSES[0]], &["--switch-interval=1"], &["--switch-interval"]),
        (&[&THREADS, &CURRENT_THREAD], &["--method=fork"], &["--method"]),
        (&[&THREADS], &["--runtime=current-thread"], &["--runtime"]),
        (&[&THREADS], &["--timeline-window=0..1"], &["--timeline"]),
        (&[&GIL_PROGRAM], &["--jobs=1"], &["--jobs"]),
        (&[&CHOOSING], &["--workers=4"], &["--workers"]),
        (&demos, &["--method=fork"], &["--method", "--model=processes"]),
        (&demos, &["--model=coroutines", "--method=fork"], &["--method", "--model=processes"]),
        (&demos, &["--runtime=multi-thread"], &["--runtime", "--model=coroutines"]),
        (&demos, &["--jobs=3"], &["--jobs"]),
        (&demos, &["--timeline=run.svg"], &["--timeline", "name one of these"]),
        (&demos, &["--trace=run.json"], &["--trace", "name one of these"]),
        (&demos, &["--timeline-window=0..1"], &["--timeline"]),
    ];
    for (programs, flags, names) in wrong {
        programs.iter().for_each(|program| refuses(program, flags, names));
    }
}

#[test]
fn a_window_needs_two_times_in_order() {
    for window in ["1", "1..1", "2..1", "a..b", "", "-1..1", "NaN..1", "0..inf", "1e-320..1e-320", "0..1e300"] {
        let window = format!("--timeline-window={window}");
        refuses(&THREADS, &["--timeline=/missing/run.svg", &window], &["--timeline-window", "expected"]);
    }
}

#[test]
fn a_negative_number_after_a_space_is_a_value_and_no_flag() {
    refuses(&THREADS, &["--time", "-1"], &["--time", "from 0 to"]);
    refuses(&THREADS, &["--scale", "-0.5"], &["--scale", "from 0 to"]);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_the_run() {
    let folder = Folder::new("unwritable");
    each(&MODELS, |variant| {
        let folders = folder.file("");
        for flag in ["--timeline", "--trace"] {
            for path in [folder.file("missing/run.svg"), folders.clone(), String::new()] {
                refuses(variant, &[&format!("{flag}={path}")], &[flag]);
            }
        }
    });
    assert_eq!(folder.names(), [""; 0], "nothing was made");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_the_runs() {
    let folder = Folder::new("unwritable-folder");
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
    refuses(&PRIMITIVES, &["lock", "--timeline=/missing/run.svg"], &["--timeline"]);
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
    let (old, new) = (folder.file("old.svg"), folder.file("new.svg"));
    fs::write(&old, "as it was").expect("a file");
    for wrong in ["--workers=0", "--time=NaN", "--trace=/missing/run.json", "stray"] {
        for file in [&old, &new] {
            refuses(&THREADS, &[&format!("--timeline={file}"), wrong], &[]);
        }
    }
    assert_eq!(fs::read_to_string(&old).expect("the file is there"), "as it was");
    assert_eq!(folder.names(), ["old.svg"], "no file was made");
}
