//! Who is let in, and who is refused with which status.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::PoisonError;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::client::{descendants, post};
use super::{BUILDS, Promise, room};

pub const PROMISES: &[Promise] = promises! {
    what_is_refused_is_not_started
    what_is_not_of_the_book_is_not_served
    a_link_from_elsewhere_leads_to_a_page
};

/// What takes long: `.ci/run` does it.
pub const LONG: &[Promise] = promises! {
    thousands_of_connections_that_do_nothing_keep_nobody_out
};

fn what_is_refused_is_not_started() {
    let room = room();
    let run = r#"{"lab":"threads","options":{"jobs":0,"time":0}}"#;
    let before = room.run(run).number();
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
    // The runs are counted.
    assert_eq!(room.run(run).number(), before + 1);
}

fn what_is_not_of_the_book_is_not_served() {
    let room = room();
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

fn a_link_from_elsewhere_leads_to_a_page() {
    let room = room();
    let request = "GET /gil.html HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
                   Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n";
    assert_eq!(room.ask(request).status, 200);
    assert_eq!(room.ask(&request.replace("127.0.0.1", "localhost")).status, 200);
}

fn thousands_of_connections_that_do_nothing_keep_nobody_out() {
    let limits = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, limits.1.min(10_000), limits.1).expect("a higher limit");
    let _none_is_built = BUILDS.read().unwrap_or_else(PoisonError::into_inner);
    let room = room();
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
