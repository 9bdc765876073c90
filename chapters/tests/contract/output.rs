//! Standard output is a view like any other: when it is slow or closed, the service continues.

use std::fs;
use std::time::Duration;

use crate::common::{
    ALL, CHOOSING, CURRENT_THREAD, FOREVER, FORK, Folder, GIL_PROGRAM, MODELS, PRIMITIVES, QUEUES, Run, THREADS, each,
};

/// What Linux's pipes hold, in bytes, and those of other systems do not exceed.
const PIPE: usize = 64 * 1024;

#[test]
fn a_reader_that_goes_away_is_no_error_and_the_files_are_complete() {
    let folder = Folder::new("broken-pipe");
    each(&ALL, |variant| {
        let same = ["--jobs=500", "--kind=io", "--scale=0.001", "--until-done", FOREVER, "--progress=never"];
        let [svg, trace] = ["svg", "json"].map(|extension| folder.file(&format!("{}.{extension}", variant.name)));
        let files = [format!("--timeline={svg}"), format!("--trace={trace}")];
        for run in [variant.run(same.into_iter().chain(files.iter().map(String::as_str))), variant.run_as_text(same)] {
            let mut run = run.start();
            assert!(run.read_one_line_and_close().contains("starting"));
            let finished = run.finish().exits_with(0);
            assert_eq!(finished.stderr, "", "{}", finished.line);
        }
        let svg = fs::read_to_string(svg).expect("the timeline is there");
        assert!(svg.trim_end().ends_with("</svg>"), "{}: the timeline ends early: {svg:?}", variant.name);
        let trace = fs::read_to_string(trace).expect("the trace is there");
        assert!(serde_json::from_str::<serde_json::Value>(&trace).expect("the trace is JSON").is_object());
        let mut run = variant.run(same).start();
        run.close_stdout();
        assert_eq!(run.finish().exits_with(0).stderr, "", "{}, which nobody reads", variant.name);
    });
    for (program, flags) in [(&GIL_PROGRAM, "--rounds=1 --scale=0.03"), (&PRIMITIVES, "--scale=0.05")] {
        let mut run = program.bare(flags.split(' ')).start();
        run.read_one_line_and_close();
        assert_eq!(run.finish().exits_with(0).stderr, "", "{flags}");
    }
}

#[test]
fn a_slow_reader_does_not_slow_the_service_down() {
    each(&ALL, |variant| {
        // A busy machine needs a longer pause. But the service ends while the reader still looks away.
        let ends_before = |pause: Duration| {
            let mut run = variant.run(["--jobs=5000", "--scale=0", "--until-done", FOREVER]).start();
            std::thread::sleep(pause);
            let first = run.record().expect("a first record");
            assert_eq!(first.event.name(), "service_starting");
            let run = run.finish().exits_with(0);
            let printed: usize = run.lines.iter().map(String::len).sum();
            assert!(printed > 2 * PIPE, "{}: {printed} bytes, while nobody read", run.line);
            let wall = Duration::from_secs_f64(run.story().summary.wall_seconds);
            wall < pause
        };
        assert!(
            [1, 2, 4, 8, 16, 32, 64].map(Duration::from_secs).into_iter().any(ends_before),
            "{} waits",
            variant.name
        );
    });
}

#[test]
fn quiet_prints_one_line_of_json() {
    each(&MODELS, |variant| {
        let run = variant.run(["--jobs=100", "--scale=0", "--quiet", "--until-done", FOREVER]).finish().exits_with(0);
        assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
        run.story().complete();
    });
}

#[test]
fn colors_follow_the_conventions_where_there_is_no_terminal() {
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[], false),
        (&[("TERM", "xterm-256color")], false),
        (&[("CLICOLOR", "1")], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "0")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], true),
        (&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], true),
        (&[("FORCE_COLOR", "1")], true),
        (&[("FORCE_COLOR", "0")], true),
        (&[("FORCE_COLOR", "")], false),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
    ];
    for (variables, colored) in cases {
        for flags in [&["--jobs=5", "--scale=0", "--until-done"][..], &["--help"], &["--workers=0"]] {
            has_colors(THREADS.run_as_text(flags.iter().copied()), variables, *colored);
        }
    }
    // The other programs begin with the same function.
    for program in [&FORK, &CURRENT_THREAD, &GIL_PROGRAM, &CHOOSING, &PRIMITIVES, &QUEUES] {
        for (variables, colored) in [cases[0], cases[3], cases[11]] {
            has_colors(program.bare(["--help"]), variables, colored);
        }
    }
}

#[test]
fn colors_follow_the_conventions_on_a_terminal() {
    const XTERM: (&str, &str) = ("TERM", "xterm-256color");
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[XTERM], true),
        (&[XTERM, ("CLICOLOR", "1")], true),
        (&[XTERM, ("CLICOLOR", "0")], false),
        (&[XTERM, ("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true),
        (&[XTERM, ("CLICOLOR_FORCE", "0")], true),
        (&[XTERM, ("NO_COLOR", "1")], false),
        (&[XTERM, ("NO_COLOR", "")], true),
        (&[XTERM, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        (&[("TERM", "dumb")], false),
    ];
    // The program script, which every Linux has, runs a command in a terminal.
    let terminal = ["bash", "-c", r#"exec script -qec "$(printf '%q ' "$@")" /dev/null"#, "bash"];
    for (variables, colored) in cases {
        for flags in [&["--jobs=5", "--scale=0", "--until-done", "--progress=never"][..], &["--help"], &["--workers=0"]]
        {
            has_colors(THREADS.under(&terminal, flags.iter().copied()), variables, *colored);
        }
    }
}

/// Checks whether a run prints escape sequences where these environment variables and no others control colors.
fn has_colors(run: Run, variables: &[(&str, &str)], colored: bool) {
    let run = variables.iter().fold(run.without_color_variables(), |run, (name, value)| run.env(name, value)).finish();
    let all = run.lines.join("\n") + &run.stderr;
    assert_eq!(all.contains('\u{1b}'), colored, "{variables:?} {}: {all:?}", run.line);
}

#[test]
fn help_that_cannot_be_printed_is_a_failure() {
    let programs = [&THREADS, &FORK, &CURRENT_THREAD, &GIL_PROGRAM, &CHOOSING, &PRIMITIVES, &QUEUES];
    for (program, flag) in programs.map(|program| (program, "--help")).into_iter().chain([(&THREADS, "--version")]) {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("this system has /dev/full");
        let run = program.bare([flag]).stdout_to(full).finish().exits_with(1);
        assert!(run.stderr.starts_with("error: cannot write standard output: "), "{}: {}", run.line, run.stderr);
    }
}
