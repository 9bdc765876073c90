//! Watch mode on a real terminal: Ctrl-C, a resize, a file that's deleted while it's watched, and one that isn't text.
//!
//! Long: run by `.ci/run`. Each step waits for words on the terminal, so it takes as long as the machine needs.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use exercises::catalog::EXERCISES;
use exercises::compile::root;

/// How long the runner may be silent. It compiles the libraries first.
const LIMIT: Duration = Duration::from_secs(600);

/// The runner on a terminal.
struct Terminal {
    runner: Child,
    keyboard: File,
    printed: Receiver<String>,
    text: String,
}

/// Opens a terminal: its own end, and the end for the program on it.
fn open_terminal(columns: u16) -> (File, OwnedFd) {
    let (mut ours, mut theirs) = (-1, -1);
    let size = size(columns);
    // SAFETY: All pointers are valid or null, which openpty(3) allows.
    let opened =
        unsafe { libc::openpty(&raw mut ours, &raw mut theirs, std::ptr::null_mut(), std::ptr::null(), &size) };
    assert_eq!(opened, 0, "a terminal");
    // SAFETY: openpty has just opened it, and nothing else owns it.
    let ours = unsafe { File::from_raw_fd(ours) };
    // SAFETY: The same.
    (ours, unsafe { OwnedFd::from_raw_fd(theirs) })
}

fn size(columns: u16) -> libc::winsize {
    libc::winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Terminal {
    fn start(folder: &Path) -> Self {
        let (ours, theirs) = open_terminal(80);
        let copy = || theirs.try_clone().expect("a copy");
        let mut command = Command::new(env!("CARGO_BIN_EXE_exercises"));
        command.arg(format!("--folder={}", folder.display())).env("TERM", "xterm");
        command.stdin(copy()).stdout(copy()).stderr(copy());
        // Makes the terminal the one that Ctrl-C reaches the runner from.
        let take_terminal = || {
            // SAFETY: The function has no preconditions.
            unsafe { libc::setsid() };
            // SAFETY: The request takes a number, and descriptor 0 is a terminal.
            unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) };
            // A shell that starts the tests in the background has SIGINT ignored.
            // SAFETY: The handler isn't a function, which could run at an unsuitable moment.
            unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
            Ok(())
        };
        // SAFETY: All three functions are async-signal-safe.
        unsafe { command.pre_exec(take_terminal) };
        let runner = command.spawn().expect("the runner starts");
        let (sender, printed) = mpsc::channel();
        let mut screen = ours.try_clone().expect("a copy");
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(length @ 1..) = screen.read(&mut piece) {
                if sender.send(String::from_utf8_lossy(&piece[..length]).into_owned()).is_err() {
                    break;
                }
            }
        });
        Self { runner, keyboard: ours, printed, text: String::new() }
    }

    /// Waits for some words, and returns everything up to them.
    fn until(&mut self, words: &str) -> String {
        loop {
            if let Some(place) = self.text.find(words) {
                return self.text.drain(..place + words.len()).collect();
            }
            match self.printed.recv_timeout(LIMIT) {
                Ok(piece) => self.text += &piece,
                Err(error) => panic!("{words:?} never came ({error}): {}", self.text),
            }
        }
    }

    fn press(&mut self, key: &[u8]) {
        self.keyboard.write_all(key).expect("the terminal is open");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.runner.kill();
        _ = self.runner.wait();
    }
}

/// The last words of the screen.
const DRAWN: &str = "q quit";

/// A folder with all exercises.
fn exercises() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for exercise in EXERCISES {
        let file = format!("{}.rs", exercise.name);
        fs::copy(root().join("chapters/exercises").join(&file), folder.path().join(&file)).expect("a copy");
    }
    folder
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_reader_who_is_interrupted_loses_nothing() {
    let folder = exercises();
    let file = folder.path().join("no_end.rs");
    let mut terminal = Terminal::start(folder.path());
    terminal.until(DRAWN);
    terminal.press(b"h");
    terminal.until("Hint 1 of");
    terminal.until(DRAWN);

    // SAFETY: The file is open, and the pointer is valid.
    let resized =
        unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&terminal.keyboard), libc::TIOCSWINSZ, &size(40)) };
    assert_eq!(resized, 0);
    assert!(terminal.until(DRAWN).contains("[--------------------]"), "the bar fits the narrow terminal");

    fs::remove_file(&file).expect("it was there");
    let said = terminal.until(DRAWN);
    assert!(said.contains("is missing. `reset no_end` restores the original."), "{said}");

    fs::write(&file, b"pub fn sum() {} // \xff\xfe").expect("it can be written");
    let said = terminal.until(DRAWN);
    assert!(said.contains("isn't valid UTF-8"), "{said}");

    let solution = fs::read(root().join("chapters/exercises/solutions/no_end.rs")).expect("the solution");
    fs::write(&file, solution).expect("it can be written");
    let said = terminal.until(DRAWN);
    assert!(said.contains("no_end: solved"), "{said}");

    // Between two checks, Ctrl-C is a key.
    terminal.press(b"\x03");
    terminal.until("1 of");
    let status = terminal.runner.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));

    let mut terminal = Terminal::start(folder.path());
    let said = terminal.until(DRAWN);
    assert!(said.contains("] 1 of"), "{said}");

    // While an exercise is checked, it's a signal.
    fs::write(&file, "pub fn sum(_: impl Iterator<Item = u64>) -> u64 { loop { std::thread::park() } }")
        .expect("a file");
    terminal.until("Checking no_end");
    terminal.press(b"\x03");
    let status = terminal.runner.wait().expect("it ends");
    assert!(!status.success(), "{status:?}");

    let mut terminal = Terminal::start(folder.path());
    let said = terminal.until(DRAWN);
    assert!(said.contains("h hint (1 of 2 seen)"), "the hints are remembered: {said}");
    terminal.press(b"q");
    terminal.until("Your progress is saved.");
    assert!(terminal.runner.wait().expect("it ends").success());
}
