//! The pages that the room serves, their versions, and the options of the labs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use reading_room::room::labs::LABS;
use serde_json::{Value, json};

use super::client::{Room, SmallBook, eventually};
use super::{Test, room, with_the_book};

pub const TESTS: &[Test] = tests! {
    a_fault_outside_the_book_is_tried_again
    a_changed_page_makes_a_new_version
    a_changed_program_of_the_scheduler_lab_makes_a_new_version
    editors_files_and_time_stamps_make_no_new_version
    a_missing_page_is_an_error_and_is_not_created
    an_emacs_lock_file_does_not_stop_the_room
    a_replaced_folder_is_noticed
    quick_saves_do_not_put_a_build_off
    a_moved_clone_serves_its_own_pages
    a_page_is_marked_and_has_a_policy
    a_missing_page_is_answered_with_the_books_own
    the_table_of_contents_works_without_javascript
    every_file_that_a_page_loads_is_served
    the_labs_are_described_with_the_words_of_the_demos
    a_taken_port_is_named
};

fn a_changed_page_makes_a_new_version() {
    let book = SmallBook::new();
    let room = Room::open_for(&book);
    assert_eq!(room.build(), (1, None));
    book.write("book/src/one.md", "# One\n\nchanged\n");
    eventually("another version", || room.build() == (2, None));
    assert!(room.get("/one.html").body.contains("changed"));
}

fn a_changed_program_of_the_scheduler_lab_makes_a_new_version() {
    let book = SmallBook::new();
    book.write("book/src/one.md", "# One\n\n{{#include ../../chapters/programs/mine.rs}}\n");
    fs::create_dir(book.root().join("chapters/programs")).expect("a folder");
    book.write("chapters/programs/mine.rs", "fn first_version() {}");
    let room = Room::open_for(&book);
    assert!(room.get("/one.html").body.contains("first_version"));
    book.write("chapters/programs/mine.rs", "fn second_version() {}");
    eventually("the change is served", || room.get("/one.html").body.contains("second_version"));
}

fn editors_files_and_time_stamps_make_no_new_version() {
    let book = SmallBook::new();
    let room = Room::open_for(&book);
    let source = book.root().join("book/src");
    let page = source.join("one.md");
    for name in [".one.md.swp", "4913", "one.md~", ".#one.md", "#one.md#", ".one.md.kate-swp", ".DS_Store"] {
        fs::write(source.join(name), "not a page").expect("a file");
        fs::remove_file(source.join(name)).expect("it is there");
    }
    fs::File::options().append(true).open(&page).and_then(|file| file.set_modified(SystemTime::now())).expect("a time");
    fs::set_permissions(&page, fs::Permissions::from_mode(0o600)).expect("permissions");
    book.write("book/src/one.md", &fs::read_to_string(&page).expect("a page"));
    // The next version has the next number, so those files made no version.
    book.write("book/src/two.md", "# Two\n\nchanged\n");
    eventually("the change is served", || room.get("/two.html").body.contains("changed"));
    assert_eq!(room.build(), (2, None));
}

fn a_missing_page_is_an_error_and_is_not_created() {
    let book = SmallBook::new();
    let room = Room::open_for(&book);
    let (page, elsewhere) = (book.root().join("book/src/two.md"), book.root().join("book/src/words.md"));
    fs::rename(&page, &elsewhere).expect("it is there");
    eventually("the error is reported", || room.build().1.is_some_and(|error| error.contains("two.md")));
    assert_eq!(room.get("/two.html").status, 200);
    assert!(!page.exists());
    fs::rename(&elsewhere, &page).expect("it is there");
    eventually("the error is gone", || room.build() == (1, None));
}

fn a_fault_outside_the_book_is_tried_again() {
    let book = SmallBook::new();
    // Builds need a folder for temporary files. Its return changes no file of the book.
    let temporary = book.root().join("temporary");
    fs::create_dir(&temporary).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reading-room"));
    let room = Room::open_by(command.env("CARGO_MANIFEST_DIR", book.root()).env("TMPDIR", &temporary));
    fs::remove_dir(&temporary).expect("it is empty");
    book.write("book/src/one.md", "# One\n\nchanged\n");
    eventually("the error is reported", || room.build().1.is_some_and(|error| error.contains("temporary folder")));
    fs::create_dir(&temporary).expect("a folder");
    eventually("the error is gone", || room.build() == (2, None));
}

fn an_emacs_lock_file_does_not_stop_the_room() {
    let book = SmallBook::new();
    symlink("user@host.1:2", book.root().join("book/src/.#one.md")).expect("a link");
    let room = Room::open_for(&book);
    symlink("user@host.1:2", book.root().join("book/src/.#two.md")).expect("a link");
    book.write("book/src/two.md", "# Two\n\nchanged\n");
    eventually("another version", || room.build() == (2, None));
}

fn a_replaced_folder_is_noticed() {
    let book = SmallBook::new();
    let room = Room::open_for(&book);
    let (folder, old) = (book.root().join("book"), book.root().join("old"));
    fs::rename(&folder, &old).expect("it is there");
    let copied = Command::new("cp").arg("-a").args([&old, &folder]).status();
    assert!(copied.is_ok_and(|status| status.success()));
    for number in 1..=2 {
        book.write("book/src/one.md", &format!("# One\n\nchange {number}\n"));
        eventually("the change is served", || room.get("/one.html").body.contains(&format!("change {number}")));
    }
}

fn quick_saves_do_not_put_a_build_off() {
    let book = SmallBook::new();
    let room = Room::open_for(&book);
    let mut saves = 0;
    eventually("a version is built between two saves", || {
        saves += 1;
        book.write("book/src/one.md", &format!("# One\n\nsave {saves}\n"));
        room.build().0 >= 3
    });
    let last = format!("save {saves}\n").trim().to_owned();
    eventually("the last save is served", || room.get("/one.html").body.contains(&last));
}

fn a_moved_clone_serves_its_own_pages() {
    let book = SmallBook::new();
    let program = book.root().join("target/debug/reading-room");
    fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_reading-room"), &program).expect("a copy");
    let room = Room::open_by(Command::new(&program).env_remove("CARGO_MANIFEST_DIR"));
    assert_eq!(room.get("/two.html").status, 200);
    assert_eq!(room.get("/gil.html").status, 404);
}

fn a_page_is_marked_and_has_a_policy() {
    with_the_book(|room| {
        for (path, base) in [("/", "none"), ("/gil.html", "none"), ("/print.html", "none"), ("/404.html", "self")] {
            let answer = room.get(path);
            assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
            let mark = "<meta name=\"reading-room\" content=\"/room\"></head>";
            assert_eq!(answer.body.matches(mark).count(), 1, "{path}");
            let policy = &answer.headers["content-security-policy"];
            let scripts = policy.split("; ").find(|it| it.starts_with("script-src ")).expect("a rule for scripts");
            assert!(!scripts.contains("unsafe") && !scripts.contains("http") && !scripts.contains('*'), "{scripts}");
            let base = format!("base-uri '{base}'");
            for rule in ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'", &base] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin");
        }
    });
}

fn a_missing_page_is_answered_with_the_books_own() {
    let room = room();
    let request = "GET /part/missing.html HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n\
                   Sec-Fetch-Dest: document\r\nConnection: close\r\n\r\n";
    let answer = room.ask(request);
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (404, "text/html; charset=utf-8"));
    // Its scripts load the page again when the book changes. They are found from the root.
    assert!(answer.body.contains("name=\"reading-room\"") && answer.body.contains("<base href=\"/\">"), "{answer:?}");
    assert!(answer.headers["content-security-policy"].contains("base-uri 'self'"), "{answer:?}");
    assert!(room.get("/missing.js").body.contains("no such page"));
}

fn the_table_of_contents_works_without_javascript() {
    with_the_book(|room| {
        assert!(room.get("/gil.html").body.contains("src=\"toc.html\""));
        assert!(room.get("/gil.html").headers["content-security-policy"].contains("frame-src 'self'"));
        let contents = room.get("/toc.html");
        assert_eq!(contents.status, 200);
        assert!(contents.headers["content-security-policy"].contains("frame-ancestors 'self'"), "{contents:?}");
    });
}

fn every_file_that_a_page_loads_is_served() {
    with_the_book(|room| {
        let page = room.get("/gil.html").body;
        let loaded = page.split("src=\"").chain(page.split("<link ")).skip(1);
        let loaded = loaded.filter_map(|rest| rest.split("href=\"").last()?.split('"').next());
        let ours: BTreeSet<&str> =
            loaded.filter(|it| [".js", ".css", ".svg", ".png"].iter().any(|end| it.ends_with(end))).collect();
        assert!(ours.len() > 5, "{ours:?}");
        let linked = page.split("href=\"").filter_map(|rest| rest.split(['"', '#']).next());
        let sources: BTreeSet<&str> = linked.filter(|it| it.starts_with("chapters/")).collect();
        assert!(!sources.is_empty());
        for file in ours.into_iter().chain(sources) {
            assert_eq!(room.get(&format!("/{file}")).status, 200, "{file}");
        }
        let other = Path::new("chapters/Cargo.toml");
        assert_eq!(room.get(&format!("/{}", other.display())).status, 404);
        assert_eq!(room.get("/%67il%2Ehtml").status, 200, "a path is decoded");
    });
}

fn the_labs_are_described_with_the_words_of_the_demos() {
    let room = room();
    let head = room.ask("HEAD /room/labs HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let labs: Value = serde_json::from_str(&room.get("/room/labs").body).expect("JSON");
    let names: Vec<&String> = labs["labs"].as_object().expect("labs").keys().collect();
    let mut known: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
    known.sort_unstable();
    // It's only there where its brokers can be started.
    known.retain(|name| *name != "machines" || installed::nats_server().is_ok());
    assert_eq!(names, known);
    assert_eq!(labs["labs"]["processes"]["cargo"], "cargo run --bin chapter-processes");
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

fn a_taken_port_is_named() {
    let room = room();
    let port = room.host.split(':').next_back().expect("a port");
    let output = Command::new(env!("CARGO_BIN_EXE_reading-room")).arg(format!("--port={port}")).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&format!("--port: {port} cannot be used")), "{error}");
    assert!(output.stdout.is_empty());
}
