//! The reading room's rules, by raw requests: who is refused and with which status, how a run ends, and that nothing is left
//! of it then. They need Linux, which tells them of all processes.
#![cfg(target_os = "linux")]

mod client;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use client::{Room, descendants, is_alive, post, within};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

/// A room for the tests that only ask: the one that another of them has, if it still has it.
fn shared_room() -> Arc<Room> {
    static SHARED: Mutex<Weak<Room>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let room = shared.upgrade().unwrap_or_else(|| Arc::new(Room::open()));
    *shared = Arc::downgrade(&room);
    room
}

/// Held by many who look at a room's memory, or by one who has all rooms build the book again.
static BUILDS: RwLock<()> = RwLock::new(());

/// Nothing of a run is left after this time.
const SECOND: Duration = Duration::from_secs(1);

/// A run that would go on for long, by four processes.
const LONG: &str = r#"{"lab":"processes","options":{"jobs":1000,"kind":"io","time":50}}"#;

#[test]
fn what_is_refused_is_not_started() {
    let room = Room::open();
    let run = r#"{"lab":"threads","options":{"jobs":0,"time":0}}"#;
    let with = |old: &str, new: &str| {
        let request = post("/room/run", run, "Connection: close\r\n");
        assert!(request.contains(old), "{request} has no {old}");
        request.replacen(old, new, 1)
    };
    let asked = |body: &str| post("/room/run", body, "Connection: close\r\n");
    let option = |option: &str| asked(&format!("{{\"lab\":\"threads\",\"options\":{{{option}}}}}"));
    let host = "Host: HOST\r\n";
    let origin = "Origin: ORIGIN\r\n";
    let port = room.host.split(':').next_back().expect("a port").to_owned();
    let read = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{more}Connection: close\r\n\r\n");
    for (request, status, names) in [
        (with(host, ""), 421, "Host"),
        (with(host, "Host: evil.example\r\n"), 421, "Host"),
        (with(host, &format!("Host: evil.example:{port}\r\n")), 421, "Host"),
        (with(host, "Host: 127.0.0.1\r\n"), 421, "Host"),
        (with(host, "Host: 127.0.0.1:1\r\n"), 421, "Host"),
        (with(host, &format!("Host: 127.0.0.1:{port}@evil.example\r\n")), 421, "Host"),
        (with(host, &format!("{host}Host: evil.example:{port}\r\n")), 421, "Host"),
        (with("POST /room/run", "POST http://evil.example/room/run"), 421, "Host"),
        (with(origin, ""), 403, "Origin"),
        (with(origin, "Origin: null\r\n"), 403, "Origin"),
        (with(origin, "Origin: http://evil.example\r\n"), 403, "Origin"),
        (with(origin, &format!("Origin: http://evil.example:{port}\r\n")), 403, "Origin"),
        (with(origin, &format!("Origin: https://127.0.0.1:{port}\r\n")), 403, "Origin"),
        (with(origin, &format!("Origin: http://127.0.0.1:{port}0\r\n")), 403, "Origin"),
        (with(origin, &format!("{origin}{origin}")), 403, "Origin"),
        (with(origin, &format!("{origin}Sec-Fetch-Site: cross-site\r\n")), 403, "Sec-Fetch-Site"),
        (with(origin, &format!("{origin}Sec-Fetch-Site: same-site\r\n")), 403, "Sec-Fetch-Site"),
        (read("/gil.html", "Origin: http://evil.example\r\n"), 403, "Origin"),
        (read("/gil.html", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"), 403, "Sec-Fetch-Site"),
        (
            read("/gil.html", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"),
            403,
            "",
        ),
        (
            read(
                "/room/labs",
                "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
            ),
            403,
            "",
        ),
        (with("application/json", "text/plain"), 415, "application/json"),
        (with("Content-Type: application/json\r\n", ""), 415, "application/json"),
        (with("application/json", "application/json-seq"), 415, "application/json"),
        (asked(&" ".repeat(5_000)), 413, "4096"),
        (asked(""), 400, "body"),
        (asked("[]"), 400, "body"),
        (asked("{\"lab\":\"threads\""), 400, "body"),
        (asked(r#"{"lab":"threads","options":{},"shell":"sh"}"#), 400, "shell"),
        (asked(r#"{"lab":"threads","options":[]}"#), 400, "body"),
        (asked(r#"{"lab":"fibers"}"#), 422, "fibers"),
        (asked(r#"{"lab":"../threads"}"#), 422, "threads, processes, coroutines"),
        (option("\"colour\":1"), 422, "colour"),
        (option("\"timeline\":\"/tmp/x.svg\""), 422, "timeline"),
        (option("\"workers\":0"), 422, "from 1 to 64"),
        (option("\"workers\":65"), 422, "from 1 to 64"),
        (option("\"workers\":-1"), 422, "workers"),
        (option("\"workers\":1.5"), 422, "workers"),
        (option("\"workers\":\"4\""), 422, "workers"),
        (option("\"jobs\":100001"), 422, "jobs"),
        (option("\"time\":51"), 422, "from 0 to 50"),
        (option("\"time\":1e400"), 400, "body"),
        (option("\"gil\":\"two\""), 422, "none, one, per-worker"),
        (option("\"gil\":\"one --jobs=5\""), 422, "gil"),
        (option("\"seed\":\"one\""), 422, "seed"),
        (option(&format!("\"seed\":\"{}\"", "1".repeat(81))), 422, "seed"),
        (option("\"until-done\":\"yes\""), 422, "until-done"),
        (asked(r#"{"lab":"queues","options":{"part":"lifo","model":"processes"}}"#), 422, "LifoQueue"),
        (asked(r#"{"lab":"queues","options":{"part":"fifo","method":"fork"}}"#), 422, "--method"),
        (post("/room/stop", r#"{"run":1}"#, "Connection: close\r\n"), 404, "run"),
        (post("/room/kill", r#"{"run":1,"worker":"worker-1"}"#, "Connection: close\r\n"), 404, "run"),
        (post("/room/stop", r#"{"run":-1}"#, "Connection: close\r\n"), 400, "body"),
        (read("/room/run", ""), 405, "POST"),
        (post("/room/labs", "{}", "Connection: close\r\n"), 405, "GET"),
        (post("/gil.html", "{}", "Connection: close\r\n"), 405, "GET"),
        (read("/room/shell", ""), 404, "/room/shell"),
        (
            read("/", "").replace("GET", "OPTIONS").replace("Host", "Access-Control-Request-Method: POST\r\nHost"),
            405,
            "",
        ),
        ("GARBAGE\r\n\r\n".to_owned(), 400, ""),
    ] {
        let answer = room.ask(&request);
        assert_eq!(answer.status, status, "{request}\n{answer:?}");
        assert!(answer.body.contains(names), "{request}\n{answer:?}");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control")), "{answer:?}");
    }
    assert_eq!(room.get("/room/run").headers["allow"], "POST");
    assert_eq!(descendants(room.pid()), []);
    // The runs are counted, and this is the first.
    assert_eq!(room.run(run).next().expect("a line")["run"], 1);
}

#[test]
fn what_is_not_of_the_book_is_not_served() {
    let room = shared_room();
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/..%5cCargo.toml",
        "/figures/../../Cargo.toml",
        "//etc/passwd",
        "/etc/passwd",
        "/theme/",
        "/css",
        "/css/",
        "/gil.md",
        "/%00",
        "/%",
    ] {
        let answer = room.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.body.contains("[workspace]") && !answer.body.contains("root:"), "{path}");
    }
}

#[test]
fn a_page_says_that_it_is_in_the_room_and_what_it_may_do() {
    let room = shared_room();
    for path in ["/", "/gil.html", "/print.html", "/404.html"] {
        let answer = room.get(path);
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
        let mark = "<meta name=\"reading-room\" content=\"/room\"></head>";
        assert_eq!(answer.body.matches(mark).count(), 1, "{path}");
        let policy = &answer.headers["content-security-policy"];
        let scripts = policy.split("; ").find(|it| it.starts_with("script-src ")).expect("a rule for scripts");
        assert!(!scripts.contains("unsafe") && !scripts.contains("http") && !scripts.contains('*'), "{scripts}");
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin");
    }
}

#[test]
fn all_that_a_page_names_is_served() {
    let room = shared_room();
    let page = room.get("/gil.html").body;
    let named = page.split("src=\"").chain(page.split("<link ")).skip(1);
    let named = named.filter_map(|rest| rest.split("href=\"").last()?.split('"').next());
    let ours: BTreeSet<&str> =
        named.filter(|it| [".js", ".css", ".svg", ".png"].iter().any(|end| it.ends_with(end))).collect();
    assert!(ours.len() > 5, "{ours:?}");
    for file in ours {
        assert_eq!(room.get(&format!("/{file}")).status, 200, "{file}");
    }
}

#[test]
fn a_link_from_elsewhere_leads_to_a_page() {
    let room = shared_room();
    let request = "GET /gil.html HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
                   Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n";
    assert_eq!(room.ask(request).status, 200);
    assert_eq!(room.ask(&request.replace("127.0.0.1", "localhost")).status, 200);
}

#[test]
fn the_labs_are_told_with_the_words_of_the_demos() {
    let room = shared_room();
    let labs: Value = serde_json::from_str(&room.get("/room/labs").body).expect("JSON");
    let names: Vec<&String> = labs["labs"].as_object().expect("labs").keys().collect();
    assert_eq!(names, ["choosing", "coroutines", "primitives", "processes", "queues", "threads"]);
    let threads = &labs["labs"]["threads"];
    assert_eq!(threads["bin"], "chapter-threads");
    let option = |name: &str| threads["options"].as_array().expect("options").iter().find(|it| it["name"] == name);
    let workers = option("workers").expect("workers");
    assert_eq!(workers["kind"], "whole");
    assert_eq!((&workers["least"], &workers["most"], &workers["default"]), (&json!(1.0), &json!(64.0), &json!(4)));
    let gil = option("gil").expect("a lock");
    let values: Vec<&Value> = gil["values"].as_array().expect("choices").iter().map(|it| &it["value"]).collect();
    assert_eq!(values, ["none", "one", "per-worker"]);
    assert_eq!(gil["default"], "none");
}

#[test]
fn a_run_is_what_the_demo_prints_between_two_lines_of_the_room() {
    let room = shared_room();
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

#[test]
fn every_lab_runs() {
    let room = shared_room();
    for (run, last) in [
        (r#"{"lab":"coroutines","options":{"jobs":2,"scale":0,"until-done":true}}"#, "coroutines"),
        (r#"{"lab":"processes","options":{"jobs":2,"scale":0,"until-done":true,"method":"spawn"}}"#, "processes"),
        (r#"{"lab":"processes","options":{"jobs":2,"scale":0,"until-done":true,"method":"forkserver"}}"#, "processes"),
        (r#"{"lab":"primitives","options":{"part":"lock","scale":0,"model":"processes","method":"spawn"}}"#, "lock"),
        (r#"{"lab":"queues","options":{"part":"fifo","scale":0}}"#, "fifo"),
        (r#"{"lab":"choosing","options":{"only":"start","quick":true,"rounds":1}}"#, "start"),
    ] {
        // There may be two runs at a time, and this test is not the only one.
        let lines: Vec<Value> = patiently(|| room.ask(&post("/room/run", run, "Connection: close\r\n")).body);
        let (end, rest) = lines.split_last().expect("lines");
        assert_eq!(end, &json!({"room":"ended","status":0,"why":"done"}), "{run}: {lines:?}");
        assert!(rest.last().is_some_and(|line| line.to_string().contains(&format!("\"{last}\""))), "{run}: {rest:?}");
    }
}

/// Asks for a run until there is room for it, and gives its lines.
fn patiently(ask: impl Fn() -> String) -> Vec<Value> {
    let mut answer = String::new();
    within(Duration::from_secs(30), "a free place", || {
        answer = ask();
        !answer.contains("runs are under way")
    });
    answer.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_demo_that_fails_says_why() {
    // More workers than the machine may have files.
    let room = Room::open();
    let limit = format!("--nofile={}", 40);
    let limited = Command::new("prlimit").args(["--pid", &room.pid().to_string(), &limit]).status();
    if !limited.is_ok_and(|status| status.success()) {
        return;
    }
    let lines: Vec<Value> = room.run(r#"{"lab":"processes","options":{"workers":64,"jobs":1}}"#).collect();
    let end = lines.last().expect("lines");
    assert_eq!((&end["why"], &end["status"]), (&json!("failed"), &json!(1)), "{lines:?}");
    assert!(end["error"].as_str().is_some_and(|error| error.contains("Too many open files")), "{end}");
}

#[test]
fn a_run_that_is_stopped_sums_up() {
    let room = Room::open();
    let mut lines = room.run(LONG);
    lines.until("job_started");
    assert_eq!(room.post("/room/stop", r#"{"run":1}"#).status, 204);
    let summary = lines.until("service_stopped");
    assert!(summary["summary"]["left"].as_u64() > Some(900), "{summary}");
    assert_eq!(lines.next(), Some(json!({"room":"ended","status":130,"why":"stopped"})));
    assert_eq!(room.post("/room/stop", r#"{"run":1}"#).status, 404);
    within(SECOND, "no process is left", || descendants(room.pid()).is_empty());
}

#[test]
fn what_does_not_stop_when_it_is_told_to_is_killed() {
    let room = Room::open();
    let mut lines = room.run(LONG);
    lines.until("job_started");
    // The room's child is the supervisor, and its child the demo.
    let demo = descendants(room.pid())[1].0;
    kill(Pid::from_raw(demo as i32), Signal::SIGSTOP).expect("it is there");
    assert_eq!(room.post("/room/stop", r#"{"run":1}"#).status, 204);
    assert_eq!(lines.last().expect("an end")["why"], "stopped");
    within(SECOND, "no process is left", || descendants(room.pid()).is_empty());
}

#[test]
fn a_worker_that_is_killed_takes_its_job_along_and_nothing_else() {
    let room = Room::open();
    let mut lines = room.run(r#"{"lab":"processes","options":{"jobs":8,"kind":"io","scale":0.5,"until-done":true}}"#);
    for _ in 0..4 {
        lines.until("job_started");
    }
    assert_eq!(room.post("/room/kill", r#"{"run":1,"worker":"worker-2"}"#).status, 204);
    assert_eq!(lines.until("worker_died")["worker"], "worker-2");
    for worker in ["worker-2", "worker-9", "worker-", "reading-room", ""] {
        let body = json!({"run": 1, "worker": worker}).to_string();
        assert_eq!(room.post("/room/kill", &body).status, 404, "{worker}");
    }
    let summary = &lines.until("service_stopped")["summary"];
    assert_eq!((&summary["completed"], &summary["lost"], &summary["left"]), (&json!(7), &json!(1), &json!(0)));
    assert_eq!(lines.next(), Some(json!({"room":"ended","status":1,"why":"done"})));
}

#[test]
fn a_worker_that_is_no_process_cannot_be_killed() {
    let room = Room::open();
    let mut lines = room.run(r#"{"lab":"threads","options":{"kind":"io"}}"#);
    lines.until("job_started");
    assert_eq!(room.post("/room/kill", r#"{"run":1,"worker":"worker-1"}"#).status, 409);
}

#[test]
fn a_third_run_has_to_wait() {
    let room = Room::open();
    let mut runs: Vec<_> = (0..2).map(|_| room.run(LONG)).collect();
    runs.iter_mut().for_each(|lines| _ = lines.until("job_started"));
    let refused = room.post("/room/run", LONG);
    assert_eq!(refused.status, 429, "{refused:?}");
    drop(runs.pop());
    let short = r#"{"lab":"threads","options":{"jobs":1,"scale":0,"until-done":true}}"#;
    within(SECOND, "a place is free", || room.post("/room/run", short).status == 200);
}

/// Starts runs by every method, and gives all processes that they consist of.
fn families(room: &Room) -> (Vec<client::Lines>, Vec<(u32, String)>) {
    let run = |method: &str| LONG.replacen("50", &format!("50,\"method\":\"{method}\""), 1);
    let mut runs: Vec<_> = ["fork", "forkserver"].map(|method| room.run(&run(method))).into();
    for lines in &mut runs {
        for _ in 0..4 {
            lines.until("job_started");
        }
    }
    let family = descendants(room.pid());
    let workers = family.iter().filter(|(_, name)| name.starts_with("worker-")).count();
    assert_eq!(workers, 8, "{family:?}");
    (runs, family)
}

#[test]
fn nothing_is_left_of_runs_whose_readers_go_away() {
    let room = Room::open();
    let (runs, family) = families(&room);
    drop(runs);
    within(SECOND, "no process is left", || family.iter().all(|(pid, _)| !is_alive(*pid)));
}

#[test]
fn nothing_is_left_of_a_room_that_is_killed() {
    let mut room = Room::open();
    let (_runs, family) = families(&room);
    // One that stands still does not get away either.
    let stopped = family.iter().find(|(_, name)| name == "worker-3").expect("a worker").0;
    kill(Pid::from_raw(stopped as i32), Signal::SIGSTOP).expect("it is there");
    room.kill();
    within(SECOND, "no process is left", || family.iter().all(|(pid, _)| !is_alive(*pid)));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_run_with_too_many_records_is_ended() {
    let room = Room::open();
    let lines = room.run(r#"{"lab":"threads","options":{"jobs":100000,"scale":0,"until-done":true}}"#);
    let (mut count, mut last) = (0, Value::Null);
    for line in lines {
        (count, last) = (count + 1, line);
    }
    assert_eq!(last["why"], "too_many_records", "{count} lines");
    assert!((150_000..=200_002).contains(&count), "{count} lines");
}

#[test]
fn who_does_not_read_holds_up_nobody_but_their_own_run() {
    let _none_is_built = BUILDS.read().unwrap_or_else(PoisonError::into_inner);
    let room = Room::open();
    let before = room.memory();
    // It prints some twenty megabytes, and nobody takes more than what is on the way.
    let mut stream = room.connect();
    let body = r#"{"lab":"threads","options":{"jobs":99000,"scale":0}}"#;
    let request = post("/room/run", body, "").replace("ORIGIN", &format!("http://{}", room.host));
    stream.write_all(request.replace("HOST", &room.host).as_bytes()).expect("the room listens");
    let mut first = [0; 1];
    stream.read_exact(&mut first).expect("the room answers");
    for _ in 0..20 {
        let run = r#"{"lab":"threads","options":{"jobs":3,"scale":0,"until-done":true}}"#;
        assert_eq!(room.run(run).last().expect("lines")["why"], "done");
        assert_eq!(room.get("/gil.html").status, 200);
    }
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 8 << 20, "the room has grown by {grown} bytes");
}

#[test]
#[ignore = "long: run by .ci/run"]
fn thousands_of_connections_that_do_nothing_keep_nobody_out() {
    let limits = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, limits.1.min(10_000), limits.1).expect("a higher limit");
    let _none_is_built = BUILDS.read().unwrap_or_else(PoisonError::into_inner);
    let room = Room::open();
    let before = room.memory();
    let number = 3_000.min(limits.1.saturating_sub(200));
    let mut idle: Vec<TcpStream> = Vec::new();
    for count in 0..number {
        let mut stream = room.connect();
        // Some have begun to say something.
        if count % 2 == 0 {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHos");
        }
        idle.push(stream);
        // More must not wait to be let in than the system keeps waiting.
        if count % 250 == 0 {
            assert_eq!(room.get("/room/build").status, 200);
        }
    }
    assert_eq!(room.get("/gil.html").status, 200);
    let short = r#"{"lab":"threads","options":{"jobs":1,"scale":0,"until-done":true}}"#;
    assert_eq!(room.run(short).last().expect("lines")["why"], "done");
    let files = fs::read_dir(format!("/proc/{}/fd", room.pid())).expect("it is there").count();
    assert!(files < 300, "the room has {files} files open");
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "the room has grown by {grown} bytes");
}

#[test]
fn the_book_is_built_again_when_a_page_changes() {
    let _whole = BUILDS.write().unwrap_or_else(PoisonError::into_inner);
    let room = Room::open();
    let build = || serde_json::from_str::<Value>(&room.get("/room/build").body).expect("JSON");
    assert_eq!(build(), json!({"build": 1, "error": null}));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/SUMMARY.md");
    let page = fs::File::options().append(true).open(page).expect("the page is there");
    page.set_modified(SystemTime::now()).expect("its time can be set");
    within(Duration::from_secs(20), "another edition", || build()["build"].as_u64() > Some(1));
    assert_eq!(build()["error"], Value::Null);
    assert_eq!(room.get("/gil.html").status, 200);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let room = shared_room();
    let port = room.host.split(':').next_back().expect("a port");
    let output = Command::new(env!("CARGO_BIN_EXE_reading-room")).arg(format!("--port={port}")).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&format!("--port: {port} cannot be used")), "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_run_ends_after_a_minute() {
    let room = Room::open();
    let mut lines = room.run(r#"{"lab":"choosing","options":{"rounds":9,"scale":5}}"#);
    assert_eq!(lines.by_ref().last().expect("an end")["why"], "too_long");
    within(SECOND, "no process is left", || descendants(room.pid()).is_empty());
}

#[test]
#[ignore = "long: run by .ci/run"]
fn two_hundred_runs_later_the_room_is_as_small_as_before() {
    let room = Room::open();
    let run = |number: usize| {
        let lab = ["threads", "processes", "coroutines"][number % 3];
        let body = json!({"lab": lab, "options": {"jobs": 200, "scale": 0, "until-done": true}}).to_string();
        assert_eq!(room.run(&body).last().expect("lines")["why"], "done");
    };
    (0..20).for_each(run);
    let before = room.memory();
    (0..200).for_each(run);
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 1 << 20, "the room has grown by {grown} bytes");
    let files = fs::read_dir(format!("/proc/{}/fd", room.pid())).expect("it is there").count();
    assert!(files < 20, "the room has {files} files open");
}
