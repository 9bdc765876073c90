//! The environment that the program starts in: signals, closed or full streams, arguments, and a file that is replaced.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Test;
use super::client::{Room, SHORT_RUN, SmallBook, eventually};

pub const TESTS: &[Test] = tests! {
    signals_close_the_room_with_their_status
    an_ignored_hangup_stays_ignored
    runs_work_although_the_parent_ignores_sigchld
    runs_work_after_the_program_was_replaced
    closed_and_full_streams_do_no_harm
    low_limits_are_reported
    wrong_arguments_are_refused_with_status_2
    colors_follow_the_conventions
    the_browser_is_opened_without_showing_the_token
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_reading-room");

/// A command that a shell runs after some settings.
fn after(settings: &str, book: &SmallBook) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("{settings}; exec \"$0\" \"$@\""), PROGRAM]);
    command.env("CARGO_MANIFEST_DIR", book.root());
    command
}

fn signal(room: &Room, signal: Signal) {
    kill(Pid::from_raw(room.pid() as i32), signal).expect("it is there");
}

fn signals_close_the_room_with_their_status() {
    let book = SmallBook::new();
    for (number, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let mut room = Room::open_for(&book);
        signal(&room, number);
        assert_eq!(room.wait().code(), Some(status), "{number}");
    }
}

fn an_ignored_hangup_stays_ignored() {
    let book = SmallBook::new();
    let mut room = Room::open_by(&mut after("trap '' HUP", &book));
    signal(&room, Signal::SIGHUP);
    assert_eq!(room.get("/one.html").status, 200);
    signal(&room, Signal::SIGTERM);
    assert_eq!(room.wait().code(), Some(143));
}

fn runs_work_although_the_parent_ignores_sigchld() {
    let book = SmallBook::new();
    let room = Room::open_by(&mut after("trap '' CHLD", &book));
    for _ in 0..10 {
        let end = room.run(SHORT_RUN).last().expect("lines");
        assert_eq!((&end["why"], &end["status"]), (&"done".into(), &0.into()), "{end}");
    }
}

fn runs_work_after_the_program_was_replaced() {
    let book = SmallBook::new();
    let program = book.root().join("reading-room");
    fs::copy(PROGRAM, &program).expect("a copy");
    let room = Room::open_by(Command::new(&program).env("CARGO_MANIFEST_DIR", book.root()));
    fs::remove_file(&program).expect("it is there");
    fs::write(&program, "the next build").expect("a file");
    assert_eq!(room.run(SHORT_RUN).last().expect("lines")["why"], "done");
    let processes = r#"{"lab":"processes","options":{"jobs":2,"scale":0,"until-done":true,"method":"spawn"}}"#;
    assert_eq!(room.run(processes).last().expect("lines")["why"], "done");
}

fn closed_and_full_streams_do_no_harm() {
    let book = SmallBook::new();
    for (settings, argument, status) in [
        ("exec >&-", "--help", 0),
        ("exec 2>&-", "--help", 0),
        ("exec 2>&-", "--port=none", 2),
        ("exec <&- >&- 2>&-", "fly", 2),
    ] {
        let ended = after(settings, &book).arg(argument).stdout(Stdio::null()).status().expect("it starts");
        assert_eq!(ended.code(), Some(status), "{settings} {argument}: {:?}", ended.signal());
    }
    // A reader can't open the room without its address.
    for argument in ["--help", "--version", "--port=0"] {
        let full = fs::File::options().write(true).open("/dev/full").expect("a device");
        let mut command = after("true", &book);
        refuses(command.arg(argument).stdout(full).stderr(Stdio::piped()), 1, "cannot write standard output");
    }
}

fn low_limits_are_reported() {
    let book = SmallBook::new();
    for limit in [5, 12, 31] {
        let mut command = after(&format!("ulimit -n {limit}"), &book);
        refuses(command.arg("--port=0"), 1, &format!("error: the limit on open files is {limit}"));
    }
}

/// Checks that a command ends with this status, and that its error has these words.
fn refuses(command: &mut Command, status: i32, words: &str) {
    let output = command.output().expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{command:?}: {error}");
    assert!(error.starts_with("error: ") && error.contains(words), "{command:?}: {error}");
}

fn wrong_arguments_are_refused_with_status_2() {
    let bad = OsStr::from_bytes(b"\xff");
    for arguments in [&[bad][..], &[OsStr::new("record"), bad], &[OsStr::new("supervise"), bad]] {
        refuses(Command::new(PROGRAM).args(arguments), 2, "");
    }
    let whole = "expected a whole number from 0 to 65535";
    for port in ["-1", "65536", "70000", "99999999999999999999", "1.5", "NaN", ""] {
        refuses(Command::new(PROGRAM).arg("--port").arg(port), 2, whole);
    }
    refuses(Command::new(PROGRAM).args(["serve", "--port=-1"]), 2, whole);
}

fn colors_follow_the_conventions() {
    // `chapters/tests/contract/output.rs` has all of them.
    let cases: [(&[(&str, &str)], bool); 3] =
        [(&[], false), (&[("CLICOLOR_FORCE", "1")], true), (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false)];
    for (variables, colored) in cases {
        for argument in ["--help", "--port=none"] {
            let mut command = Command::new(PROGRAM);
            for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "TERM"] {
                command.env_remove(name);
            }
            let output = command.arg(argument).envs(variables.iter().copied()).output().expect("it starts");
            let all = [output.stdout, output.stderr].concat();
            assert_eq!(all.contains(&0x1b), colored, "{variables:?} {argument}: {}", String::from_utf8_lossy(&all));
        }
    }
}

fn the_browser_is_opened_without_showing_the_token() {
    let book = SmallBook::new();
    let bin = book.root().join("bin");
    fs::create_dir(&bin).expect("a folder");
    let opened = book.root().join("opened");
    let script = format!("#!/bin/sh\nprintf %s \"$1\" >{0}.part && mv {0}.part {0}\n", opened.display());
    fs::write(bin.join("xdg-open"), script).expect("a script");
    fs::set_permissions(bin.join("xdg-open"), fs::Permissions::from_mode(0o700)).expect("permissions");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let mut command = Command::new(PROGRAM);
    let mut room = Room::open_by(command.arg("--open").env("PATH", path).env("CARGO_MANIFEST_DIR", book.root()));
    eventually("the browser starts", || opened.exists());
    let address = fs::read_to_string(&opened).expect("an address");
    assert!(!address.contains(&room.token), "{address}");
    let file = Path::new(address.strip_prefix("file://").expect("a file"));
    assert!(fs::read_to_string(file).expect("a page").contains(&format!("http://{}/?token={}", room.host, room.token)));
    let folder = file.parent().expect("a folder");
    assert_eq!(fs::metadata(folder).expect("a folder").permissions().mode() & 0o077, 0);
    signal(&room, Signal::SIGTERM);
    room.wait();
    assert!(!folder.exists());
}
