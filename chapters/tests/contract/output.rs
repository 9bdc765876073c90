//! Standard output is a view like any other: when it is slow or gone, the service goes on.

use std::fs;
use std::time::Duration;

use crate::common::{ALL, Folder, MODELS, SOON, each};

/// What Linux's pipes hold, in bytes, and those of other systems do not exceed.
const PIPE: usize = 64 * 1024;

#[test]
fn a_reader_that_goes_away_is_no_error() {
    each(&ALL, |variant| {
        let flags = ["--jobs=500", "--kind=io", "--scale=0.001", "--until-done", "--time=60", "--progress=never"];
        for run in [variant.run(flags), variant.run_as_text(flags)] {
            let mut run = run.start();
            assert!(run.read_one_line_and_close().contains("starting"));
            let finished = run.finish().exits_with(0);
            assert_eq!(finished.stderr, "", "{}", finished.line);
        }
    });
}

#[test]
fn a_reader_that_was_never_there_is_no_error() {
    each(&ALL, |variant| {
        let mut run = variant.run(["--jobs=100", "--scale=0", "--until-done", "--progress=never"]).start();
        run.close_stdout();
        let finished = run.finish().exits_with(0);
        assert_eq!(finished.stderr, "", "{}", finished.line);
    });
}

#[test]
fn the_files_are_complete_though_the_reader_went_away() {
    let folder = Folder::new("broken-pipe");
    each(&ALL, |variant| {
        let timeline = folder.file(&format!("{}.svg", variant.name));
        let trace = folder.file(&format!("{}.json", variant.name));
        let flags = [format!("--timeline={timeline}"), format!("--trace={trace}")];
        let same = ["--jobs=50", "--kind=io", "--scale=0.01", "--seed=1", "--until-done", "--time=60"];
        let mut run = variant.run(same.into_iter().chain(flags.iter().map(String::as_str))).start();
        run.read_one_line_and_close();
        run.finish().exits_with(0);
        let svg = fs::read_to_string(timeline).expect("the timeline is there");
        assert!(svg.trim_end().ends_with("</svg>"), "{}: the timeline ends early: {svg:?}", variant.name);
        let trace = fs::read_to_string(trace).expect("the trace is there");
        let trace: serde_json::Value = serde_json::from_str(&trace).expect("the trace is JSON");
        assert_ne!(trace, serde_json::Value::Null);
    });
}

#[test]
fn a_reader_that_looks_away_for_a_while_holds_nobody_up() {
    each(&ALL, |variant| {
        let mut run = variant.run(["--jobs=5000", "--scale=0", "--time=0.3"]).start();
        // The reader looks away until the service must have ended. The pipe is full long before.
        std::thread::sleep(Duration::from_millis(1000));
        let first = run.record().expect("a first record");
        assert_eq!(first.event.name(), "service_starting");
        let run = run.finish().exits_with(0);
        let printed: usize = run.lines.iter().map(String::len).sum();
        assert!(printed > 2 * PIPE, "{}: {printed} bytes, while nobody read", run.line);
        let story = run.story().stops_at(Duration::from_millis(300));
        let wall = Duration::from_secs_f64(story.summary.wall_seconds);
        assert!(wall < story.stopping() + SOON, "stopped at {:?}, ended at {wall:?}", story.stopping());
    });
}

#[test]
fn quiet_prints_one_line_of_json() {
    each(&MODELS, |variant| {
        let run = variant.run(["--jobs=100", "--scale=0", "--quiet", "--until-done"]).finish().exits_with(0);
        assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
        run.story().complete();
    });
}

#[test]
fn no_escape_sequence_is_printed_where_there_is_no_terminal() {
    each(&MODELS, |variant| {
        for (name, value) in [("NO_COLOR", "1"), ("TERM", "xterm-256color")] {
            for flags in [&["--jobs=5", "--scale=0", "--until-done"][..], &["--help"], &["--workers=0"]] {
                let run = variant.run_as_text(flags.iter().copied()).env(name, value).finish();
                let all = run.lines.join("\n") + &run.stderr;
                assert!(!all.contains('\u{1b}'), "{name}={value} {}: {all:?}", run.line);
                assert!(!all.is_empty(), "{} says something", run.line);
            }
        }
    });
}
