//! How runs start and end, and that no process is left of them.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chapters::python::{DEFAULT, Interpreter};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reading_room::room::descendants::Process;
use serde_json::{Value, json};

use super::client::{Lines, Room, SHORT_RUN, SmallBook, eventually, is_alive, living, post, sooner_or_later};
use super::{Test, room};

pub const TESTS: &[Test] = tests! {
    a_run_is_what_the_demo_prints_between_two_lines_of_the_room
    every_lab_runs
    the_service_runs_in_cpython_or_says_why_not
    a_demo_that_fails_reports_its_error
    a_stopped_run_has_a_summary
    a_demo_that_ignores_the_stop_is_killed
    killing_a_worker_loses_its_job_and_no_other
    only_processes_can_be_killed
    an_interactive_run_answers_its_page
    an_interactive_run_that_does_not_compile_shows_the_errors
    cargo_checks_an_exercise_and_the_page_gets_its_report
    solved_exercises_are_listed
    only_interactive_runs_read_input
    a_third_run_is_refused
    no_process_is_left_when_readers_leave
    no_process_is_left_when_the_room_is_killed
    a_slow_reader_slows_down_only_its_own_run
};

/// The slow tests, which `.ci/run` runs.
pub const LONG: &[Test] = tests! {
    workers_and_brokers_of_many_machines_are_killed_and_leave_nothing
    a_run_with_too_many_records_is_ended
    a_run_ends_after_a_minute
    five_hundred_runs_leave_no_memory_behind
    cargo_compiles_the_readers_program_and_the_page_gets_its_recording
};

/// A run that goes on for [`LONG_TIME`], by four processes.
const LONG_RUN: &str = r#"{"lab":"processes","options":{"jobs":1000,"kind":"io","time":50}}"#;

/// The time of a [`LONG_RUN`].
const LONG_TIME: Duration = Duration::from_secs(50);

/// Whether something becomes true before a [`LONG_RUN`] that was started after `begin` would end by itself.
fn is_soon(begin: Instant, mut is_true: impl FnMut() -> bool) -> bool {
    while !is_true() && begin.elapsed() < LONG_TIME {
        thread::sleep(Duration::from_millis(5));
    }
    begin.elapsed() < LONG_TIME
}

fn a_run_is_what_the_demo_prints_between_two_lines_of_the_room() {
    let room = room();
    let run = r#"{"lab":"threads","options":{"jobs":3,"workers":2,"seed":1,"scale":0,"until-done":true}}"#;
    let lines: Vec<Value> = room.run(run).collect();
    assert_eq!(lines[0]["room"], "started");
    let command = "cargo run --bin chapter-threads -- --workers=2 --jobs=3 --seed=1 --scale=0 --until-done";
    assert_eq!(lines[0]["command"], command);
    assert_eq!(lines[1]["event"], "service_starting");
    let [summary, end] = &lines[lines.len() - 2..] else { panic!("{lines:?}") };
    assert_eq!((&summary["event"], &summary["summary"]["completed"]), (&json!("service_stopped"), &json!(3)));
    assert_eq!(end, &json!({"room":"ended","status":0,"why":"done"}));
}

fn every_lab_runs() {
    let room = room();
    for (run, last) in [
        (r#"{"lab":"coroutines","options":{"jobs":2,"scale":0,"until-done":true}}"#, "coroutines"),
        (r#"{"lab":"processes","options":{"jobs":2,"scale":0,"until-done":true,"method":"spawn"}}"#, "processes"),
        (r#"{"lab":"processes","options":{"jobs":2,"scale":0,"until-done":true,"method":"forkserver"}}"#, "processes"),
        (r#"{"lab":"primitives","options":{"part":"lock","scale":0,"model":"processes","method":"spawn"}}"#, "lock"),
        (r#"{"lab":"queues","options":{"part":"fifo","scale":0}}"#, "fifo"),
        (r#"{"lab":"choosing","options":{"only":"start","quick":true,"rounds":1}}"#, "start"),
    ] {
        let lines: Vec<Value> = room.run(run).collect();
        let (end, rest) = lines.split_last().expect("lines");
        assert_eq!(end, &json!({"room":"ended","status":0,"why":"done"}), "{run}: {lines:?}");
        assert!(rest.last().is_some_and(|line| line.to_string().contains(&format!("\"{last}\""))), "{run}: {rest:?}");
    }
}

fn the_service_runs_in_cpython_or_says_why_not() {
    let run = r#"{"lab":"python","options":{"model":"processes","jobs":3,"scale":0,"until-done":true}}"#;
    let found = Interpreter::find(Path::new(DEFAULT));
    let lines: Vec<Value> = room().run(run).collect();
    match found {
        Ok(interpreter) => {
            let [.., summary, end] = &lines[..] else { panic!("{lines:?}") };
            assert_eq!(summary["summary"]["interpreter"], interpreter.to_string(), "{lines:?}");
            assert_eq!(end, &json!({"room":"ended","status":0,"why":"done"}));
        }
        Err(error) => assert!(lines.last().is_some_and(|end| end.to_string().contains(&error)), "{error}: {lines:?}"),
    }
    let book = SmallBook::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_reading-room"));
    let without = Room::open_by(command.env("CARGO_MANIFEST_DIR", book.root()).env("PATH", "/no/such/folder"));
    let end = without.run(run).last().expect("an end");
    assert_eq!((&end["why"], &end["status"]), (&json!("failed"), &json!(2)), "{end}");
    assert!(
        end["error"].as_str().is_some_and(|error| error.contains("--python=python3: expected Python 3.8")),
        "{end}"
    );
    for option in [r#""python":"sh""#, r#""model":"fibers""#, r#""method":"fork""#] {
        let run = format!(r#"{{"lab":"python","options":{{{option}}}}}"#);
        assert_eq!(without.post("/room/run", &run).status, 422, "{option}");
    }
}

fn a_demo_that_fails_reports_its_error() {
    // Its workers need more file descriptors than the limit allows.
    let room = Room::open();
    let limited = Command::new("prlimit").args(["--pid", &room.pid().to_string(), "--nofile=40"]).status();
    assert!(limited.is_ok_and(|status| status.success()), "prlimit, which every Linux has, sets the limit");
    let lines: Vec<Value> = room.run(r#"{"lab":"processes","options":{"workers":64,"jobs":1}}"#).collect();
    let end = lines.last().expect("lines");
    assert_eq!((&end["why"], &end["status"]), (&json!("failed"), &json!(1)), "{lines:?}");
    assert!(end["error"].as_str().is_some_and(|error| error.contains("Too many open files")), "{end}");
}

fn a_stopped_run_has_a_summary() {
    let room = room();
    // On a busy machine, the two seconds for the summary may not be enough.
    sooner_or_later("a stopped run has a summary", || {
        let mut lines = room.run(LONG_RUN);
        let run = json!({ "run": lines.number() }).to_string();
        lines.until("job_started");
        assert_eq!(room.post("/room/stop", &run).status, 204);
        let rest: Vec<Value> = lines.collect();
        let (end, rest) = rest.split_last().expect("an end");
        assert_eq!(end["why"], "stopped");
        assert_eq!(room.post("/room/stop", &run).status, 404);
        let summary = rest.last().filter(|last| last["event"] == "service_stopped");
        end["status"] == 130 && summary.is_some_and(|last| last["summary"]["left"].as_u64() > Some(0))
    });
}

fn a_demo_that_ignores_the_stop_is_killed() {
    let room = room();
    let mut lines = room.run(LONG_RUN);
    let run = json!({ "run": lines.number() }).to_string();
    lines.until("job_started");
    // The supervisor is the room's child, and the demo is the supervisor's.
    let demo = living(room.pid())[1].pid;
    kill(Pid::from_raw(demo), Signal::SIGSTOP).expect("it is there");
    assert_eq!(room.post("/room/stop", &run).status, 204);
    assert_eq!(lines.last().expect("an end")["why"], "stopped");
}

fn killing_a_worker_loses_its_job_and_no_other() {
    let room = room();
    let options = json!({"jobs": 8, "kind": "io", "scale": 0.5, "time": 50, "until-done": true});
    // On a busy machine, the worker may be idle when it's killed.
    sooner_or_later("a worker is killed in its job", || {
        let mut lines = room.run(&json!({"lab": "processes", "options": options}).to_string());
        let run = lines.number();
        for _ in 0..4 {
            lines.until("job_started");
        }
        let kill = |worker: &str| room.post("/room/kill", &json!({ "run": run, "target": worker }).to_string()).status;
        if kill("worker-2") != 204 || !lines.any(|line| line["event"] == "worker_died" && line["worker"] == "worker-2")
        {
            return false;
        }
        for worker in ["worker-2", "worker-9", "worker-", "reading-room", ""] {
            assert_eq!(kill(worker), 404, "{worker}");
        }
        let summary = &lines.until("service_stopped")["summary"];
        assert_eq!(lines.next(), Some(json!({"room":"ended","status":1,"why":"done"})));
        assert_eq!(summary["left"], 0);
        (&summary["completed"], &summary["lost"]) == (&json!(7), &json!(1))
    });
}

fn only_processes_can_be_killed() {
    let room = room();
    let mut lines = room.run(&LONG_RUN.replace("processes", "threads"));
    let run = lines.number();
    lines.until("job_started");
    assert_eq!(room.post("/room/kill", &json!({ "run": run, "target": "worker-1" }).to_string()).status, 409);
}

/// The program of the service on many machines, and the broker that it starts, if both are there. In CI, they must be.
fn machines() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_reading-room")).with_file_name("chapter-machines");
    if program.is_file() && installed::nats_server().is_ok() {
        return Some(program);
    }
    assert!(env::var_os("CI").is_none(), "{} or nats-server is missing", program.display());
    let _ = writeln!(io::stderr(), "SKIPPED: killing brokers needs cargo build -p machines, and nats-server");
    None
}

fn workers_and_brokers_of_many_machines_are_killed_and_leave_nothing() {
    let Some(program) = machines() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    // Instead of compiling the program, this drops the arguments for cargo.
    let script = format!("while [ \"$1\" != -- ]; do shift; done; shift; exec '{}' \"$@\"", program.display());
    let (_book, room) = room_with(&script, |command| _ = command.env("TMPDIR", folder.path()));
    let is_empty = || fs::read_dir(folder.path()).is_ok_and(|mut entries| entries.next().is_none());
    let options = json!({"brokers": "3", "jobs": 1000, "kind": "io", "time": 50});
    let asked = json!({ "lab": "machines", "options": options }).to_string();
    // On a busy machine, the time of the run may be up before a leader is elected.
    sooner_or_later("a worker and a leader are killed", || {
        let mut lines = room.run(&asked);
        let run = lines.number();
        let kill = |target: &str| room.post("/room/kill", &json!({ "run": run, "target": target }).to_string()).status;
        lines.until("job_started");
        let died = |line: &Value| line["event"] == "worker_died" && line["worker"] == "worker-2";
        if kill("worker-2") != 204 || !lines.any(|line| died(&line)) {
            return false;
        }
        for target in ["worker-2", "worker-99", "worker-", "broker-1", "nats-server", "network", "leader\nleader", ""] {
            assert_eq!(kill(target), 404, "{target:?}");
        }
        assert_eq!(kill("leader"), 204);
        let happens = |lines: &mut Lines, event: &str| lines.any(|line| line["event"] == event);
        if !["broker_died", "broker_restarted", "leader_elected"].iter().all(|event| happens(&mut lines, event)) {
            return false;
        }
        assert_eq!(room.post("/room/stop", &json!({ "run": run }).to_string()).status, 204);
        assert_eq!(lines.last().expect("an end")["why"], "stopped");
        assert_eq!(kill("leader"), 404);
        true
    });
    eventually("no process and no file is left after a run", || living(room.pid()).is_empty() && is_empty());
    let mut lines = room.run(&asked);
    lines.until("job_started");
    drop(lines);
    eventually("no process and no file is left when the reader leaves", || living(room.pid()).is_empty() && is_empty());
}

/// A room whose interactive programs are started by a shell script instead of cargo.
fn room_with_cargo(script: &str) -> (SmallBook, Room) {
    room_with(script, |_| {})
}

/// The same, with more changes to the command that opens the room.
fn room_with(script: &str, change: impl FnOnce(&mut Command)) -> (SmallBook, Room) {
    let book = SmallBook::new();
    let cargo = book.root().join("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o700)).expect("permissions");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reading-room"));
    command.env("CARGO_MANIFEST_DIR", book.root()).env("CARGO", cargo);
    change(&mut command);
    let room = Room::open_by(&mut command);
    (book, room)
}

const PLAY: &str = r#"{"lab":"scheduler","options":{"name":"mine","weak-memory":true}}"#;

fn an_interactive_run_answers_its_page() {
    // It prints its arguments, and then each line that it reads.
    let (_book, room) = room_with_cargo("echo \"{\\\"arguments\\\":\\\"$*\\\"}\"; cat");
    let mut lines = room.run(PLAY);
    let run = lines.number();
    let arguments = "run --quiet --bin chapter-scheduler -- mine --weak-memory --live";
    assert_eq!(lines.next(), Some(json!({ "arguments": arguments })));
    for step in 0..100 {
        let line = json!({ "step": step });
        assert_eq!(room.post("/room/input", &json!({ "run": run, "line": line }).to_string()).status, 204);
        assert_eq!(lines.next(), Some(line));
    }
    assert_eq!(room.post("/room/stop", &json!({ "run": run }).to_string()).status, 204);
    assert_eq!(lines.last().expect("an end")["why"], "stopped");
    eventually("no process is left", || living(room.pid()).is_empty());
}

fn an_interactive_run_that_does_not_compile_shows_the_errors() {
    let (_book, room) = room_with_cargo("echo 'error: expected one of `.`' >&2; exit 101");
    let end = room.run(PLAY).last().expect("an end");
    assert_eq!((&end["why"], &end["status"]), (&json!("failed"), &json!(101)), "{end}");
    assert_eq!(end["error"], "error: expected one of `.`");
}

fn cargo_checks_an_exercise_and_the_page_gets_its_report() {
    let (_book, room) = room_with_cargo("echo \"{\\\"arguments\\\":\\\"$*\\\"}\"");
    let lines = room.run(r#"{"lab":"exercise","options":{"name":"no_end"}}"#);
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines[1], json!({ "arguments": "run --quiet --bin exercises -- run no_end --live" }));
    let refused = room.post("/room/run", r#"{"lab":"exercise","options":{"name":"../no_end"}}"#);
    assert_eq!(refused.status, 422, "{refused:?}");
}

fn solved_exercises_are_listed() {
    let (book, room) = room_with_cargo("exit 1");
    let solved = || {
        let exercises: Value = serde_json::from_str(&room.get("/room/exercises").body).expect("JSON");
        assert!(exercises["exercises"].as_array().is_some_and(|names| names.contains(&json!("no_end"))));
        exercises["solved"].clone()
    };
    assert_eq!(solved(), json!([]));
    let folder = book.root().join(".exercises/solved");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("no_end"), "").expect("a file");
    assert_eq!(solved(), json!(["no_end"]));
}

fn only_interactive_runs_read_input() {
    let room = room();
    let input = |run: u64| room.post("/room/input", &json!({ "run": run, "line": 1 }).to_string()).status;
    assert_eq!(input(0), 404);
    let mut lines = room.run(&LONG_RUN.replace("processes", "threads"));
    assert_eq!(input(lines.number()), 409);
}

fn a_third_run_is_refused() {
    let room = room();
    sooner_or_later("the place of a run whose reader has left is free", || {
        let begin = Instant::now();
        let mut runs: Vec<_> = (0..2).map(|_| room.run(LONG_RUN)).collect();
        runs.iter_mut().for_each(|lines| _ = lines.until("job_started"));
        let refused = room.post("/room/run", LONG_RUN);
        assert_eq!(refused.status, 429, "{refused:?}");
        drop(runs.pop());
        is_soon(begin, || room.post("/room/run", SHORT_RUN).status == 200)
    });
}

/// Starts runs with two start methods, and returns their processes.
fn families(room: &Room) -> (Vec<Lines>, Vec<Process>) {
    let run = |method: &str| LONG_RUN.replacen("50", &format!("50,\"method\":\"{method}\""), 1);
    let mut runs: Vec<_> = ["fork", "forkserver"].map(|method| room.run(&run(method))).into();
    for lines in &mut runs {
        for _ in 0..4 {
            lines.until("job_started");
        }
    }
    let mut family = Vec::new();
    eventually("eight workers are there", || {
        family = living(room.pid());
        family.iter().filter(|process| process.name.starts_with("worker-")).count() == 8
    });
    (runs, family)
}

fn no_process_is_left_when_readers_leave() {
    let room = room();
    sooner_or_later("no process is left", || {
        let begin = Instant::now();
        let (runs, family) = families(&room);
        drop(runs);
        is_soon(begin, || family.iter().all(|process| !is_alive(process.pid)))
    });
}

fn no_process_is_left_when_the_room_is_killed() {
    let mut room = Room::open();
    let (_runs, family) = families(&room);
    // A stopped process is killed too.
    let stopped = family.iter().find(|process| process.name == "worker-3").expect("a worker").pid;
    kill(Pid::from_raw(stopped), Signal::SIGSTOP).expect("it is there");
    room.kill();
    eventually("no process is left", || family.iter().all(|process| !is_alive(process.pid)));
}

fn a_slow_reader_slows_down_only_its_own_run() {
    let room = room();
    let before = room.memory();
    // This run prints 20 MB, and the test doesn't read them.
    let mut stream = room.begin(&post("/room/run", r#"{"lab":"threads","options":{"jobs":99000,"scale":0}}"#, ""));
    let mut first = [0; 1];
    stream.read_exact(&mut first).expect("the room answers");
    for _ in 0..20 {
        let run = r#"{"lab":"threads","options":{"jobs":3,"scale":0,"until-done":true}}"#;
        assert_eq!(room.run(run).last().expect("lines")["why"], "done");
        assert_eq!(room.get("/one.html").status, 200);
    }
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 8 << 20, "the room has grown by {grown} bytes");
}

fn a_run_with_too_many_records_is_ended() {
    let room = room();
    let lines = room.run(r#"{"lab":"threads","options":{"jobs":100000,"scale":0,"time":50,"until-done":true}}"#);
    let (mut count, mut last) = (0, Value::Null);
    for line in lines {
        (count, last) = (count + 1, line);
    }
    assert_eq!(last["why"], "too_many_records", "{count} lines");
    assert!((150_000..=200_002).contains(&count), "{count} lines");
}

fn a_run_ends_after_a_minute() {
    let room = room();
    let mut lines = room.run(r#"{"lab":"choosing","options":{"rounds":9,"scale":5}}"#);
    assert_eq!(lines.by_ref().last().expect("an end")["why"], "too_long");
}

fn five_hundred_runs_leave_no_memory_behind() {
    let room = room();
    let run = |number: usize| {
        let lab = ["threads", "processes", "coroutines"][number % 3];
        let body = json!({"lab": lab, "options": {"jobs": 200, "scale": 0, "until-done": true}}).to_string();
        assert_eq!(room.run(&body).last().expect("lines")["why"], "done");
    };
    (0..20).for_each(run);
    let before = room.memory();
    (0..500).for_each(run);
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 1 << 20, "the room has grown by {grown} bytes");
    let files = fs::read_dir(format!("/proc/{}/fd", room.pid())).expect("it is there").count();
    assert!(files < 20, "the room has {files} files open");
}

fn cargo_compiles_the_readers_program_and_the_page_gets_its_recording() {
    // Compiling may take longer than a test that reads from the room may wait, so it's done first.
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "--bin", "chapter-scheduler"]).status();
    assert!(built.is_ok_and(|status| status.success()));
    let room = Room::open_for_the_book();
    let mut lines = room.run(r#"{"lab":"scheduler","options":{"name":"mine"}}"#);
    let run = lines.number();
    assert_eq!(lines.next().expect("a state")["step"], 0);
    let ask = json!({ "run": run, "line": { "recording": true } }).to_string();
    assert_eq!(room.post("/room/input", &ask).status, 204);
    let answer = lines.next().expect("an answer");
    assert_eq!(answer["recording"]["name"], "mine", "{answer}");
    assert!(answer["recording"]["sources"][0]["parts"][0]["lines"].is_array(), "{answer}");
}
