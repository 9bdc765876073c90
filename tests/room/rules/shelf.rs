//! What is served: the book, as it is at the moment, and what the labs must know.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::client::within;
use super::{BUILDS, Promise, room};

pub const PROMISES: &[Promise] = promises! {
    the_book_is_built_again_when_a_page_changes
    a_page_says_that_it_is_in_the_room_and_what_it_may_do
    all_that_a_page_names_is_served
    the_labs_are_told_with_the_words_of_the_demos
    a_port_that_is_taken_is_named
};

fn the_book_is_built_again_when_a_page_changes() {
    let _whole = BUILDS.write().unwrap_or_else(PoisonError::into_inner);
    let room = room();
    let build = || serde_json::from_str::<Value>(&room.get("/room/build").body).expect("JSON");
    assert_eq!(build(), json!({"build": 1, "error": null}));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/SUMMARY.md");
    let page = fs::File::options().append(true).open(page).expect("the page is there");
    page.set_modified(SystemTime::now()).expect("its time can be set");
    within(Duration::from_secs(20), "another edition", || build()["build"].as_u64() > Some(1));
    assert_eq!(build()["error"], Value::Null);
    assert_eq!(room.get("/gil.html").status, 200);
}

fn a_page_says_that_it_is_in_the_room_and_what_it_may_do() {
    let room = room();
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

fn all_that_a_page_names_is_served() {
    let room = room();
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

fn the_labs_are_told_with_the_words_of_the_demos() {
    let room = room();
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

fn a_port_that_is_taken_is_named() {
    let room = room();
    let port = room.host.split(':').next_back().expect("a port");
    let output = Command::new(env!("CARGO_BIN_EXE_reading-room")).arg(format!("--port={port}")).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&format!("--port: {port} cannot be used")), "{error}");
    assert!(output.stdout.is_empty());
}
