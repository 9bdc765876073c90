//! The service in CPython: the same jobs, the same records and the same statuses as in Rust, with `python3`. In continuous
//! integration, some of the tests use every interpreter that is installed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use chapters::job::Failure;
use chapters::python::Interpreter;
use chapters::record::Event;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};

use crate::common::proc::{self, Process};
use crate::common::{FOREVER, Folder, PYTHON, PYTHON_PROCESSES, Running, TIMEOUT, each, eventually, often, python};
use crate::network::silent_port;

/// The interpreters on this machine that are new enough: those on the path, and those of pyenv.
fn installed() -> Vec<Interpreter> {
    let path = env::var_os("PATH").unwrap_or_default();
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok()).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(versions.map(|entry| entry.path().join("bin")));
    let names = ["python3".to_owned()].into_iter().chain((8..=20).map(|minor| format!("python3.{minor}")));
    let names: Vec<String> = names.flat_map(|name| [format!("{name}t"), name]).collect();
    let files = folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    let found = files.filter(|file| file.is_file()).filter_map(|file| Interpreter::find(&file).ok());
    let distinct: BTreeMap<PathBuf, Interpreter> =
        found.filter_map(|it| Some((it.path.canonicalize().ok()?, it))).collect();
    distinct.into_values().collect()
}

/// Each worker that is a process is another interpreter, whose start takes most of the time of these tests.
const FEW: &str = "--workers=2";

/// How many interpreters are tested at once.
const AT_ONCE: usize = 3;

/// The flag that names an interpreter.
fn flag(interpreter: &Interpreter) -> String {
    format!("--python={}", interpreter.path.display())
}

/// Calls `promise` with the flag for each installed interpreter in continuous integration, and for `python3` elsewhere.
fn with_each_interpreter(promise: impl Fn(&str, &Interpreter) + Sync) {
    let found = if env::var_os("CI").is_some() { installed() } else { python().into_iter().cloned().collect() };
    for some in found.chunks(AT_ONCE) {
        thread::scope(|scope| {
            for interpreter in some {
                scope.spawn(|| promise(&flag(interpreter), interpreter));
            }
        });
    }
}

/// Calls `promise` with the flag for `python3` if there is one.
fn with_python(promise: impl Fn(&str)) {
    python().into_iter().for_each(|interpreter| promise(&flag(interpreter)));
}

/// The process of the interpreter that a run has started.
fn interpreter(run: &Running) -> Process {
    let children = || proc::children(run.pid()).into_iter().find(Process::is_alive);
    eventually("the interpreter runs", TIMEOUT, children)
}

/// Waits until none of these processes is alive.
fn all_end(processes: &[Process]) {
    eventually("no process is left", TIMEOUT, || processes.iter().all(|process| !process.is_alive()).then_some(()));
}

#[test]
fn seeds_give_the_jobs_that_they_give_in_rust() {
    with_each_interpreter(|python, interpreter| {
        for seed in 0..3 * often(4) {
            // The other start methods run the same code, and take longer.
            let variant = PYTHON[seed % 3];
            let seed = format!("--seed={}", seed as i64 * 1_000_003 - 2);
            let run =
                variant.run(["--jobs=30", "--workers=2", "--scale=0", "--until-done", "--time=60", &seed, python]);
            let story = run.finish().exits_with(0).story().complete();
            assert_eq!(story.summary.interpreter, Some(interpreter.to_string()));
            assert!(story.summary.peak_rss_bytes > 1 << 20 && story.summary.cpu_seconds > 0.0, "{:?}", story.summary);
        }
    });
}

#[test]
fn the_service_stops_at_its_deadline() {
    with_each_interpreter(|python, _| {
        let time = Duration::from_millis(400);
        each(&PYTHON, |variant| {
            let run = variant.run(["--jobs=1000", "--kind=io", "--scale=0.05", "--time=0.4", FEW, python]);
            let story = run.finish().exits_with(0).story().stops_after(time);
            assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
        });
    });
}

#[test]
fn a_signal_stops_the_service_as_its_deadline_would() {
    with_python(|python| {
        let signals = [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)];
        for (signal, status) in signals.into_iter().take(often(signals.len())) {
            each(&PYTHON, |variant| {
                let mut run = variant.run(["--jobs=5000", "--kind=io", "--scale=0.1", FOREVER, FEW, python]).start();
                run.wait_for("job_started", |event| event.name() == "job_started");
                run.signal_all(signal);
                let story = run.finish().exits_with(status).story();
                assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
            });
        }
    });
}

#[test]
fn network_jobs_wait_for_the_answers_of_the_server() {
    with_each_interpreter(|python, _| {
        // The other start methods run the same code.
        each(&PYTHON[..3], |variant| {
            let flags = ["--jobs=20", "--kind=net", "--scale=0.01", "--until-done", FOREVER, python];
            let story = variant.run(flags).finish().exits_with(0).story().complete();
            for job in story.all("job_completed") {
                let job = job.event.job().expect("it has one");
                assert!(story.time_of(job) + 2e-6 >= job.size * 0.01, "{job:?} took less: {:#?}", story.records);
            }
        });
    });
}

#[test]
fn a_network_job_whose_connection_is_refused_is_lost_and_the_run_fails() {
    let (port, _socket) = silent_port();
    with_each_interpreter(|python, _| {
        for script in ["threads", "processes", "coroutines"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script).with_extension("py");
            let mut command = Command::new(python.trim_start_matches("--python="));
            command.arg("-B").arg(path).args(["--kind=net", "--jobs=3", "--workers=2", "--until-done", "--time=86400"]);
            let output = command.arg(format!("--port={port}")).output().expect("the interpreter runs");
            let records =
                chapters::view::json::read(&String::from_utf8(output.stdout).expect("UTF-8")).expect("records");
            let failed = records.iter().filter(|record| match &record.event {
                Event::JobFailed(failed) => failed.failure == Failure::System(Errno::ECONNREFUSED as i32),
                _ => false,
            });
            assert_eq!((output.status.code(), failed.count()), (Some(1), 3), "{script}: {records:#?}");
        }
    });
}

#[test]
fn a_script_needs_the_port_of_a_server() {
    let Some(interpreter) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/threads.py");
    let output = Command::new(&interpreter.path).arg("-B").arg(script).arg("--kind=net").output();
    let output = output.expect("the interpreter runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--kind=net needs --port=N"), "{output:?}");
}

#[test]
fn a_second_signal_ends_every_process() {
    with_python(|python| {
        each(&PYTHON, |variant| {
            let mut run = variant.run(["--jobs=100", "--scale=1000", FOREVER, FEW, python]).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            let (demo, processes) = (Process::find(run.pid()).expect("it runs"), proc::tree(run.pid()));
            // One isn't enough, and two that come too quickly are one.
            eventually("the program ends", TIMEOUT, || {
                run.signal(Signal::SIGINT);
                (!demo.is_alive()).then_some(())
            });
            run.finish().exits_with(130);
            all_end(&processes);
        });
    });
}

#[test]
fn a_worker_that_dies_is_reported_and_ends_the_run() {
    with_python(|python| {
        each(&PYTHON_PROCESSES, |variant| {
            let mut run = variant.run(["--jobs=5000", "--kind=io", "--scale=0.2", FOREVER, FEW, python]).start();
            (0..2).for_each(|_| _ = run.wait_for("job_started", |event| event.name() == "job_started"));
            let processes = proc::tree(run.pid());
            // The youngest process of all is the last worker, however workers are started.
            let worker = processes.iter().max_by_key(|process| process.age_rank()).expect("there are workers");
            kill(worker.pid, Signal::SIGKILL).expect("the worker is there");
            let story = run.finish().exits_with(1).story();
            assert_eq!(story.all("worker_died").count(), 2, "one dies, and the other is ended: {:#?}", story.records);
            assert!(story.summary.lost > 0, "{:?}", story.summary);
            all_end(&processes);
        });
    });
}

#[test]
fn an_interpreter_that_dies_fails_the_run_and_leaves_nothing_behind() {
    with_python(|python| {
        each(&PYTHON, |variant| {
            let mut run = variant.run(["--jobs=5000", "--kind=io", "--scale=0.2", FOREVER, FEW, python]).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            let processes = proc::tree(run.pid());
            kill(interpreter(&run).pid, Signal::SIGKILL).expect("the interpreter is there");
            let run = run.finish().exits_with(1);
            let error = "error: the service failed: the interpreter ended before the service had stopped: signal: 9";
            assert!(run.stderr.contains(error), "{:?}", run.stderr);
            assert!(run.records().iter().all(|record| !matches!(record.event, Event::ServiceStopped(_))));
            all_end(&processes);
        });
    });
}

#[test]
fn a_program_that_is_killed_takes_its_interpreter_along() {
    with_python(|python| {
        each(&PYTHON, |variant| {
            let mut run = variant.run(["--jobs=5000", "--kind=io", "--scale=0.2", FOREVER, FEW, python]).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            let processes = proc::tree(run.pid());
            run.signal(Signal::SIGKILL);
            run.finish().exits_with(-(Signal::SIGKILL as i32));
            all_end(&processes);
        });
    });
}

/// Writes a shell script that can be started, and returns its path.
fn script(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.file(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
    path
}

#[test]
fn a_program_that_is_no_interpreter_is_named() {
    let folder = Folder::new("python-interpreters");
    let script = |name: &str, text: &str| script(&folder, name, text);
    let fails = |path: &str, why: &str| {
        let run = PYTHON[0].run([&*format!("--python={path}"), "--jobs=1"]).finish().exits_with(2);
        let error = format!("error: --python={path}: expected Python 3.8 or later, but {why}");
        assert!(run.stderr.starts_with(&error) && run.stderr.lines().count() == 1, "{:?}", run.stderr);
        assert_eq!(run.lines, [""; 0]);
    };
    fails("/no/such/python", "this program can't be run: No such file");
    fails(&folder.file(""), "this program can't be run: Permission denied");
    fails("/bin/true", "this program isn't an interpreter");
    fails(&script("endless", "while :; do echo yes; done"), "this program isn't an interpreter");
    fails(&script("old", r"printf 'cpython\n3.7.9\nTrue\n/python3.7\n'"), "this is CPython 3.7.9");
}

#[test]
fn an_interpreter_that_prints_something_else_fails_the_run() {
    // A script answers like an interpreter, but the path that it prints is that of another program.
    let folder = Folder::new("python-impostor");
    let impostor = |name: &str, program: &str| {
        let text = format!("printf 'cpython\\n3.13.0\\nTrue\\n{program}\\n'");
        format!("--python={}", script(&folder, name, &text))
    };
    let run = PYTHON[0].run([&*impostor("silent", "/bin/true")]).finish().exits_with(1);
    assert!(run.stderr.contains("ended before the service had stopped: exit status: 0"), "{:?}", run.stderr);
    let run = PYTHON[0].run([&*impostor("talkative", "/bin/echo")]).finish().exits_with(1);
    assert!(run.stderr.contains("line 1 of the script's output: "), "{:?}", run.stderr);
}

#[test]
fn every_view_names_the_interpreter() {
    let Some(interpreter) = python() else { return };
    // Without the flag, a run is in `python3`.
    let folder = Folder::new("python-views");
    let (picture, trace) = (folder.file("run.svg"), folder.file("run.json"));
    let flags = ["--jobs=3", "--scale=0.001", "--until-done", "--seed=1"];
    let files = [format!("--timeline={picture}"), format!("--trace={trace}")];
    let run = PYTHON[0].run_as_text(flags.into_iter().chain(files.iter().map(String::as_str)));
    let run = run.finish().exits_with(0);
    let heading = format!("starting threads in {interpreter}: 4 workers, 3 jobs, ");
    assert!(run.lines[0].contains(&heading), "{:?}", run.lines[0]);
    assert!(run.lines.contains(&format!("interpreter  {interpreter}")), "{:#?}", run.lines);
    for file in [picture, trace] {
        let text = fs::read_to_string(&file).expect("the file is there");
        assert!(text.contains(&format!("threads in {interpreter}")), "{file}");
    }
    let run = PYTHON[0].run_as_text(flags.into_iter().chain(["--quiet"])).finish().exits_with(0);
    assert!(run.lines[0].starts_with("worker "), "only the summary: {:#?}", run.lines);
    assert!(run.lines.contains(&format!("interpreter  {interpreter}")), "{:#?}", run.lines);
}
