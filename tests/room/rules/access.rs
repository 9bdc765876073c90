//! Which requests the room refuses, with which status, and that idle connections keep no reader out.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::client::{Room, SHORT_RUN, SmallBook, living, post, sooner_or_later};
use super::{Test, room};

pub const TESTS: &[Test] = tests! {
    what_is_refused_is_not_started
    what_is_not_of_the_book_is_not_served
    a_request_without_the_token_is_refused
    the_printed_address_opens_the_room
    a_link_from_another_site_leads_to_a_page
    large_requests_are_refused_at_once
    requests_that_cannot_be_parsed_get_the_security_headers_too
    unfinished_requests_do_not_keep_readers_out
    a_room_with_few_descriptors_stays_open
};

/// The slow tests, which `.ci/run` runs.
pub const LONG: &[Test] = tests! {
    thousands_of_idle_connections_do_not_keep_readers_out
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
        (with(origin, &format!("Origin: http://localhost:{port}\r\n")), 403, "Origin"),
        (with(origin, &format!("{origin}Sec-Fetch-Site: cross-site\r\n")), 403, "Sec-Fetch-Site"),
        (with(origin, &format!("{origin}Sec-Fetch-Site: same-site\r\n")), 403, "Sec-Fetch-Site"),
        (read("/one.html", "Origin: http://evil.example\r\n"), 403, "Origin"),
        (read("/one.html", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"), 403, "Sec-Fetch-Site"),
        (
            read("/one.html", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"),
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
        (asked(r#"["threads",{"jobs":0}]"#), 400, "object"),
        (asked("{\"lab\":\"threads\""), 400, "body"),
        (asked(r#"{"lab":"threads","options":{},"shell":"sh"}"#), 400, "shell"),
        (asked(r#"{"lab":"threads","options":[]}"#), 400, "an object of options"),
        (asked(r#"{"lab":"threads","lab":"threads"}"#), 400, "duplicate field `lab`"),
        (option(r#""jobs":1,"jobs":2"#), 400, "duplicate option `jobs`"),
        (option(r#""jobs":1,"j\u006fbs":1"#), 400, "duplicate option `jobs`"),
        (asked(r#"{"lab":"fibers"}"#), 422, "fibers"),
        (asked(r#"{"lab":"../threads"}"#), 422, "threads, processes, coroutines"),
        (option("\"color\":1"), 422, "color"),
        (option("\"timeline\":\"/tmp/x.svg\""), 422, "timeline"),
        (option("\"workers\":0"), 422, "from 1 to 64"),
        (option("\"workers\":65"), 422, "from 1 to 64"),
        (option("\"workers\":-1"), 422, "workers"),
        (option("\"workers\":1.5"), 422, "workers"),
        (option("\"workers\":-0"), 422, "from 1 to 64, and not 0"),
        (option("\"workers\":1e-320"), 422, "from 1 to 64"),
        (option("\"workers\":18446744073709551616"), 422, "from 1 to 64"),
        (option("\"switch-interval\":1e-320"), 422, "from 0.0001 to 1, and not 1e-320"),
        (option("\"switch-interval\":-0"), 422, "from 0.0001 to 1, and not 0"),
        (option("\"scale\":-1e-320"), 422, "from 0 to 10, and not -1e-320"),
        (option("\"scale\":10.000000000000002"), 422, "from 0 to 10"),
        (option("\"scale\":NaN"), 400, "body"),
        (option("\"seed\":1e-320"), 422, "an integer, and not 1e-320"),
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
        (post("/room/kill", r#"{"run":1,"target":"worker-1"}"#, "Connection: close\r\n"), 404, "run"),
        (post("/room/stop", r#"{"run":-1}"#, "Connection: close\r\n"), 400, "body"),
        (read("/room/run", ""), 405, "POST"),
        (post("/room/labs", "{}", "Connection: close\r\n"), 405, "GET"),
        (post("/one.html", "{}", "Connection: close\r\n"), 405, "GET"),
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
    assert_eq!(living(room.pid()).len(), 0);
    // The refused runs aren't counted.
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
        "/one.md",
        "/%00",
        "/%",
    ] {
        let answer = room.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.body.contains("[workspace]") && !answer.body.contains("root:"), "{path}");
    }
}

/// A request for a page, as a browser sends it when a reader goes there.
fn navigate(path: &str, site: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: {site}\r\nSec-Fetch-Mode: navigate\r\n\
         Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n"
    )
}

fn a_request_without_the_token_is_refused() {
    let room = room();
    let run = r#"{"lab":"threads","options":{"jobs":0,"time":0}}"#;
    let before = room.run(run).number();
    let other = room.cookie().replace(&room.token, &"0".repeat(room.token.len()));
    for cookie in [String::new(), format!("Cookie: {other}\r\n"), format!("Authorization: {}\r\n", room.token)] {
        let close = format!("{cookie}Connection: close\r\n");
        for request in [
            post("/room/run", run, &close),
            post("/room/stop", r#"{"run":1}"#, &close),
            post("/room/kill", r#"{"run":1,"target":"worker-1"}"#, &close),
            format!("GET /room/build HTTP/1.1\r\nHost: HOST\r\n{close}\r\n"),
            format!("GET /room/labs HTTP/1.1\r\nHost: HOST\r\n{close}\r\n"),
            format!("HEAD /one.html HTTP/1.1\r\nHost: HOST\r\n{close}\r\n"),
        ] {
            let answer = room.ask_as_stranger(&request);
            assert_eq!(answer.status, 403, "{request}\n{answer:?}");
        }
        for path in ["/", "/one.html", "/one.html?token=0123", "/theme/lab.js"] {
            let answer = room.ask_as_stranger(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{close}\r\n"));
            assert_eq!(answer.status, 403, "{path}\n{answer:?}");
            assert!(answer.body.contains("open the address that it printed"), "{path}\n{answer:?}");
        }
    }
    assert_eq!(room.run(run).number(), before + 1);
}

fn the_printed_address_opens_the_room() {
    let room = room();
    let request = navigate(&format!("/one.html?token={}", room.token), "none");
    let answer = room.ask_as_stranger(&request);
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/one.html"));
    let cookie = answer.headers["set-cookie"].strip_suffix("; Path=/; HttpOnly; SameSite=Strict").expect("its limits");
    assert_eq!(cookie, room.cookie());
    // The page itself, a reload and a link.
    for site in ["none", "none", "same-origin"] {
        assert_eq!(room.ask(&navigate("/one.html", site)).status, 200);
    }
}

fn a_link_from_another_site_leads_to_a_page() {
    let room = room();
    let request = navigate("/one.html", "cross-site");
    assert_eq!(room.ask(&request).status, 200);
    assert_eq!(room.ask(&request.replace("HOST", &room.host.replace("127.0.0.1", "localhost"))).status, 200);
    // A browser doesn't send a strict cookie along a link from another site. The page that it gets loads itself again.
    let again = room.ask_as_stranger(&request);
    assert!(again.status == 200 && again.body.contains("http-equiv=\"refresh\""), "{again:?}");
    assert_eq!(room.ask_as_stranger(&navigate("/one.html", "same-origin")).status, 403);
}

fn large_requests_are_refused_at_once() {
    let room = room();
    // The declared body never comes.
    let head = "POST /room/run HTTP/1.1\r\nHost: HOST\r\nOrigin: ORIGIN\r\nContent-Type: application/json\r\n\
                Connection: close\r\n";
    assert_eq!(room.ask(&format!("{head}Content-Length: 4097\r\n\r\n{{")).status, 413);
    let chunk = "1000\r\n".to_owned() + &" ".repeat(4096) + "\r\n";
    assert_eq!(room.ask(&format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}")).status, 413);
    let long = format!("GET / HTTP/1.1\r\nHost: HOST\r\nX: {}\r\n\r\n", "a".repeat(400_000));
    assert_eq!(room.ask_large(&long), Some(431));
}

fn requests_that_cannot_be_parsed_get_the_security_headers_too() {
    let room = room();
    let page = room.get("/one.html");
    let long = format!("GET / HTTP/1.1\r\nHost: HOST\r\nX: {}\r\n\r\n", "a".repeat(20_000));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: HOST\r\n\r\n", "a".repeat(70_000));
    // The first is answered by the room, the second by hyper.
    let second = "GET /room/build HTTP/1.1\r\nHost: HOST\r\n\r\nGARBAGE\r\n\r\n".to_owned();
    let requests =
        [("GARBAGE\r\n\r\n".to_owned(), 400, ""), (long, 431, ""), (long_path, 431, ""), (second, 200, "HTTP/1.1 400")];
    for (request, status, rest) in requests {
        let answer = room.ask(&request);
        assert_eq!(answer.status, status, "{answer:?}");
        for name in ["x-content-type-options", "referrer-policy", "cross-origin-resource-policy", "cache-control"] {
            assert_eq!(answer.headers.get(name), page.headers.get(name), "{name}: {answer:?}");
        }
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{answer:?}");
        let of_the_rest = answer.body.matches("nosniff").count();
        assert!(answer.body.contains(rest) && of_the_rest == usize::from(!rest.is_empty()), "{answer:?}");
    }
}

/// Opens a room that keeps few connections at a time: a quarter of its limit on descriptors.
fn room_with_few_descriptors(book: &SmallBook) -> Room {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 48; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_reading-room")]);
    Room::open_by(command.env("CARGO_MANIFEST_DIR", book.root()))
}

fn unfinished_requests_do_not_keep_readers_out() {
    let book = SmallBook::new();
    let room = room_with_few_descriptors(&book);
    let head = post("/room/stop", r#"{"run":1}"#, "");
    // A request that doesn't arrive in time gets an answer. So if a connection is closed without one, it was closed to
    // accept another one, which didn't have to wait for a time limit. A busy machine may exceed the limit first.
    sooner_or_later("an unfinished request makes room for a reader", || {
        let unfinished: Vec<TcpStream> = (0..30).map(|_| room.begin(&head[..head.len() - 5])).collect();
        assert_eq!(room.get("/one.html").status, 200);
        unfinished.into_iter().any(|mut stream| stream.read(&mut [0]).unwrap_or(0) == 0)
    });
}

fn a_room_with_few_descriptors_stays_open() {
    let book = SmallBook::new();
    let room = room_with_few_descriptors(&book);
    let idle: Vec<TcpStream> = (0..100).map(|_| room.connect()).collect();
    assert_eq!(room.get("/one.html").status, 200);
    assert_eq!(room.run(SHORT_RUN).last().expect("lines")["why"], "done");
    drop(idle);
}

fn thousands_of_idle_connections_do_not_keep_readers_out() {
    let limits = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, limits.1.min(10_000), limits.1).expect("a higher limit");
    let room = room();
    let before = room.memory();
    let number = 3_000.min(limits.1.saturating_sub(200));
    let mut idle: Vec<TcpStream> = Vec::new();
    for count in 0..number {
        let mut stream = room.connect();
        // Half of them have begun a request.
        if count % 2 == 0 {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHos");
        }
        idle.push(stream);
        // The system queues a limited number of new connections.
        if count % 250 == 0 {
            assert_eq!(room.get("/room/build").status, 200);
        }
    }
    assert_eq!(room.get("/one.html").status, 200);
    assert_eq!(room.run(SHORT_RUN).last().expect("lines")["why"], "done");
    let files = fs::read_dir(format!("/proc/{}/fd", room.pid())).expect("it is there").count();
    assert!(files < 300, "the room has {files} files open");
    let grown = room.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "the room has grown by {grown} bytes");
}
