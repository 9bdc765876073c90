//! Programs and examples that are started in an unusual environment: few resources, unusual signals, streams that are
//! closed, arguments that aren't text. Each works, or it says in one sentence what it lacks, and ends with status 1 or 2.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
#[allow(dead_code)]
mod common;
mod limits;
mod namespaces;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::thread;
use std::time::Duration;

use nix::sys::resource::Resource;
use nix::sys::signal::Signal;

use common::{
    CHOOSING, CURRENT_THREAD, FORK, FORKSERVER, Finished, Folder, GIL_PROGRAM, Inherited, MULTI_THREAD, ONE_LOCK,
    PRIMITIVES, QUEUES, Run, SPAWN, THREADS, Variant, example,
};

/// A run that takes longer hangs. Each has some milliseconds of work.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Every program of the crate, by every way to start its workers, with little to do.
fn programs() -> Vec<(&'static Variant, Vec<String>)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut programs = Vec::new();
    for (kind, services) in [
        ("io", &[&THREADS, &ONE_LOCK, &FORK, &SPAWN, &FORKSERVER, &CURRENT_THREAD, &MULTI_THREAD][..]),
        ("net", &[&THREADS, &FORK, &CURRENT_THREAD]),
    ] {
        let flags = format!("--jobs=8 --workers=4 --kind={kind} --scale=0.001 --until-done --quiet --format=json");
        programs.extend(services.iter().map(|service| (*service, words(&flags))));
    }
    for (program, part) in [(&PRIMITIVES, "barrier"), (&QUEUES, "bounded")] {
        for model in [
            "threads",
            "coroutines",
            "processes --method=fork",
            "processes --method=spawn",
            "processes --method=forkserver",
        ] {
            programs.push((program, words(&format!("{part} --seed=1 --scale=0.01 --quiet --model={model}"))));
        }
    }
    programs.push((&GIL_PROGRAM, words("--only=io --rounds=1 --scale=0.01")));
    programs.push((&CHOOSING, words("--only=start --quick --rounds=1")));
    programs
}

/// The examples that start processes, threads, or event loops, with little to do.
const EXAMPLES: [(&str, &str); 10] = [
    ("copied_lock", ""),
    ("dead_worker", ""),
    ("heartbeat", "--scale=0.001"),
    ("kill_one", "--jobs=8 --kind=io --scale=0.02 --seed=1 --until-done --kill-after=0.01"),
    ("processes", "copies"),
    ("processes", "ends"),
    ("processes", "hang"),
    ("processes", "fixed"),
    ("processes", "queue"),
    ("stalled_loop", "--seed=1"),
];

/// Does the same with each example, at the same time: they spend most of theirs waiting.
fn each_example(act: impl Fn(&'static Variant, &[String]) + Sync) {
    thread::scope(|scope| {
        for (name, arguments) in EXAMPLES {
            let (example, arguments) =
                (example(name), arguments.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            let act = &act;
            scope.spawn(move || act(example, &arguments));
        }
    });
}

/// A run of one of them. Where a panic comes from does not matter: there must be none.
fn run(program: &Variant, arguments: &[String]) -> Run {
    let run = program.run_as_text(arguments.iter().map(String::as_str)).within(TIMEOUT);
    run.env("RUST_BACKTRACE", "0")
}

/// The run has worked, or it has said what it lacks, or the example `kill_one` has killed its worker.
fn copes(run: &Finished, what: &str) {
    let Finished { line, status, stderr, .. } = run;
    assert!(matches!(status, 0..=2), "{line}, {what}: status {status}: {stderr}");
    assert!(!stderr.contains("panicked"), "{line}, {what}: {stderr}");
    let explained = stderr.lines().any(|line| line.to_ascii_lowercase().starts_with("error: "));
    let killed = *status == 1 && run.model == "kill_one" && stderr.is_empty();
    assert!(*status == 0 || explained || killed, "{line}, {what}: status {status}: {stderr:?}; {:?}", run.lines);
}

/// Does the same with each program and each example, some at the same time.
fn each_program_and_example(act: impl Fn(&'static Variant, &[String]) + Sync) {
    each_example(&act);
    for some in programs().chunks(EXAMPLES.len()) {
        thread::scope(|scope| {
            for (program, arguments) in some {
                let act = &act;
                scope.spawn(move || act(program, arguments));
            }
        });
    }
}

/// Runs every program in these states at once, where all must work.
fn all_work(states: &[Inherited]) {
    for (program, arguments) in programs() {
        let run = states.iter().fold(run(program, &arguments), |run, state| run.inheriting(*state));
        let run = run.finish().exits_with(0);
        assert_eq!(run.stderr, "", "{}, {states:?}", run.line);
    }
}

#[test]
fn signals_that_are_ignored_or_blocked_change_nothing() {
    use Signal::{SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ};
    all_work(&[SIGCHLD, SIGINT, SIGPIPE, SIGXFSZ, SIGHUP, SIGTERM].map(Inherited::Ignored));
    all_work(&[SIGINT, SIGCHLD, SIGPIPE, SIGXFSZ, SIGHUP].map(Inherited::Blocked));
}

#[test]
fn an_ignored_sigchld_hides_no_worker_that_ended() {
    // Time that a worker used is known only once the system was asked how it ended.
    for method in [&FORK, &SPAWN] {
        let flags = ["--jobs=4", "--scale=0.05", "--workers=2", "--until-done", "--quiet"];
        let run = method.run(flags).inheriting(Inherited::Ignored(Signal::SIGCHLD)).finish().exits_with(0);
        let summary = run.story().summary;
        let busy: f64 = summary.workers.iter().map(|worker| worker.busy_seconds).sum();
        assert!(busy > 0.0 && summary.cpu_seconds > 0.0, "{summary:?}");
    }
}

#[test]
fn a_blocked_interrupt_still_stops_the_service() {
    for service in [&THREADS, &FORK, &CURRENT_THREAD] {
        let run = service.run(["--jobs=5000", "--kind=io", "--scale=0.1", "--time=40"]);
        let mut run = run.inheriting(Inherited::Blocked(Signal::SIGINT)).start();
        run.wait_for("job_started", |event| event.name() == "job_started");
        run.signal(Signal::SIGINT);
        run.finish().exits_with(130);
    }
}

/// Standard streams that are closed when a program starts.
const CLOSED: [&[i32]; 2] = [&[0], &[1, 2]];

#[test]
fn closed_standard_streams_are_no_error() {
    for streams in CLOSED {
        all_work(&streams.iter().map(|stream| Inherited::Closed(*stream)).collect::<Vec<_>>());
    }
}

#[test]
fn an_example_needs_no_standard_stream() {
    each_example(|example, arguments| {
        for streams in CLOSED {
            let run =
                streams.iter().fold(run(example, arguments), |run, stream| run.inheriting(Inherited::Closed(*stream)));
            let run = run.finish();
            // Without standard output, only the status reports that a worker was killed.
            assert!(run.status == 0 || run.status == 1 && example.name == "kill_one", "{}: {run:?}", run.line);
            assert!(!run.stderr.contains("panicked"), "{}: {}", run.line, run.stderr);
        }
    });
}

#[test]
fn an_example_that_cannot_print_says_so() {
    each_example(|example, arguments| {
        let full = File::options().write(true).open("/dev/full").expect("this system has it");
        let run = run(example, arguments).stdout_to(full).finish().exits_with(1);
        assert!(run.stderr.contains("error: cannot write ") && !run.stderr.contains("panicked"), "{run:?}");
    });
}

#[test]
fn an_example_whose_reader_has_gone_ends() {
    each_example(|example, arguments| {
        let mut run = run(example, arguments).start();
        run.close_stdout();
        copes(&run.finish(), "nobody reads");
    });
}

#[test]
fn an_argument_that_is_no_text_is_refused_and_a_file_name_may_be_one() {
    let folder = Folder::new("no-text");
    for program in [&THREADS, &FORK, &CURRENT_THREAD, &GIL_PROGRAM, &CHOOSING, &PRIMITIVES, &QUEUES] {
        for wrong in [&b"\xff"[..], b"--\xff", b"--seed=\xff"] {
            let run = program.bare([]).argument(OsStr::from_bytes(wrong)).finish().exits_with(2);
            assert!(run.stderr.starts_with("error: "), "{}: {}", run.line, run.stderr);
        }
    }
    let file = [folder.file("").as_bytes(), b"\xff.svg"].concat();
    let flag = [b"--timeline=", &file[..]].concat();
    for (program, arguments) in programs() {
        if [GIL_PROGRAM.name, CHOOSING.name].contains(&program.name) {
            continue;
        }
        run(program, &arguments).argument(OsStr::from_bytes(&flag)).finish().exits_with(0);
        let picture = fs::read_to_string(OsStr::from_bytes(&file)).expect("the picture is there");
        assert!(picture.trim_end().ends_with("</svg>"), "{}: {picture:?}", program.name);
        fs::remove_file(OsStr::from_bytes(&file)).expect("nobody else removes it");
    }
}

#[test]
fn a_file_over_the_size_limit_is_reported() {
    let folder = Folder::new("too-large");
    let limit = Inherited::Limit(Resource::RLIMIT_FSIZE, 1000);
    for service in [&THREADS, &CURRENT_THREAD] {
        let timeline = format!("--timeline={}", folder.file("run.svg"));
        let flags = ["--jobs=8", "--scale=0", "--until-done", "--quiet", &timeline];
        let run = service.run(flags).inheriting(limit).finish().exits_with(1);
        assert!(run.stderr.contains("cannot write the timeline: File too large"), "{}: {}", run.line, run.stderr);
    }
    // Shared memory is a file as well.
    for method in [&FORK, &SPAWN, &FORKSERVER] {
        let run = method.run(["--jobs=8", "--scale=0", "--until-done"]).inheriting(limit).finish().exits_with(1);
        assert!(
            run.stderr.starts_with("error: ") && run.stderr.contains("File too large"),
            "{}: {}",
            run.line,
            run.stderr
        );
    }
}
