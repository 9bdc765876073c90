//! The command line: the accepted arguments, and the errors, in one clear sentence before anything runs.

use std::fs;
use std::time::Duration;

use crate::common::{CURRENT_THREAD, Folder, GIL_TOUR, MODELS, PROCESSES, THREADS, Variant, each};

/// Checks that a variant rejects `flag` with a message that names `names`.
pub fn refuses(variant: &Variant, flags: &[&str], names: &[&str]) {
    // Only these flags, because a flag may be given only once.
    let run = variant.bare(flags.iter().copied()).within(Duration::from_secs(10)).finish().exits_with(2);
    assert!(run.lines.is_empty(), "{} prints {:?}", run.line, run.lines);
    for name in names {
        assert!(run.stderr.contains(name), "{} does not say {name:?}: {}", run.line, run.stderr);
    }
    assert!(run.stderr.starts_with("error: "), "{} says {}", run.line, run.stderr);
}

#[test]
fn a_wrong_value_is_refused_by_the_name_of_its_flag_and_its_range() {
    let wrong: &[(&str, &[&str])] = &[
        ("--workers=0", &["--workers", "from 1 to"]),
        ("--workers=-1", &["--workers", "from 1 to"]),
        ("--workers=many", &["--workers", "from 1 to"]),
        ("--workers=1000000", &["--workers", "from 1 to"]),
        ("--workers=", &["--workers"]),
        ("--time=-1", &["--time", "from 0 to"]),
        ("--time=inf", &["--time", "from 0 to"]),
        ("--time=NaN", &["--time", "from 0 to"]),
        ("--time=", &["--time"]),
        ("--time=soon", &["--time", "from 0 to"]),
        ("--scale=-1", &["--scale", "from 0 to"]),
        ("--scale=inf", &["--scale", "from 0 to"]),
        ("--jobs=-1", &["--jobs", "-1"]),
        ("--jobs=1.5", &["--jobs", "1.5"]),
        ("--jobs=10000001", &["--jobs", "from 0 to 10000000"]),
        ("--seed=abc", &["--seed", "abc", "integer"]),
        ("--seed=", &["--seed"]),
        ("--kind=gpu", &["--kind", "gpu", "cpu, io"]),
        ("--format=xml", &["--format", "xml", "text, json"]),
        ("--progress=maybe", &["--progress", "auto, always, never"]),
        ("--color", &["--color"]),
        ("stray", &["stray"]),
    ];
    each(&MODELS, |variant| {
        for (flag, names) in wrong {
            refuses(variant, &[flag], names);
        }
    });
}

#[test]
fn the_flags_of_one_model_are_refused_by_the_others() {
    refuses(PROCESSES[0], &["--method=teleport"], &["--method", "teleport"]);
    refuses(&CURRENT_THREAD, &["--runtime=green"], &["--runtime", "green", "current-thread, multi-thread"]);
    refuses(&THREADS, &["--gil=two"], &["--gil", "two", "none, one, per-worker"]);
    for interval in ["0", "-0", "-1", "NaN", "soon", "1e300"] {
        for program in [&THREADS, &GIL_TOUR] {
            refuses(program, &[&format!("--switch-interval={interval}")], &["--switch-interval", "greater than 0"]);
        }
    }
    refuses(&CURRENT_THREAD, &["--gil=one"], &["--gil"]);
    refuses(PROCESSES[0], &["--switch-interval=1"], &["--switch-interval"]);
    refuses(&THREADS, &["--method=fork"], &["--method"]);
    refuses(&THREADS, &["--runtime=current-thread"], &["--runtime"]);
    refuses(&CURRENT_THREAD, &["--method=fork"], &["--method"]);
}

#[test]
fn a_window_needs_a_timeline_and_two_times_in_order() {
    refuses(&THREADS, &["--timeline-window=0..1"], &["--timeline"]);
    for window in ["1", "1..1", "2..1", "a..b", ""] {
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

#[test]
fn help_names_every_flag() {
    let all = "--jobs --seed --time --workers --kind --scale --until-done --format --quiet --timeline --timeline-window --trace --progress";
    each(&MODELS, |variant| {
        let own = match variant.model {
            "processes" => "--method",
            "coroutines" => "--runtime",
            _ => "--gil",
        };
        let run = variant.bare(["--help"]).finish().exits_with(0);
        let help = run.lines.join("\n");
        for flag in all.split(' ').chain([own]) {
            assert!(help.contains(flag), "the help does not name {flag}: {help}");
        }
        assert!(help.contains("Examples:"), "{help}");
        assert_eq!(run.stderr, "");
    });
}
