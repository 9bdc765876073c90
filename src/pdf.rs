//! `cargo run -- pdf`: the book on paper, printed by Chromium from the page that has all of it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shelf;

/// What browsers that can print are called.
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Where the book is printed to, if nothing is said.
pub fn default_path() -> PathBuf {
    shelf::book().join("book/threads-processes-coroutines.pdf")
}

/// Prints the book into a file. Blocks until it is there, some ten seconds.
///
/// # Errors
///
/// When the book cannot be built, there is no browser, or it prints nothing.
pub fn print(file: &Path) -> Result<(), String> {
    let browser =
        browser().ok_or_else(|| format!("to print takes a browser: install one of {}", BROWSERS.join(", ")))?;
    let cannot = |what: &str, error: std::io::Error| format!("cannot {what}: {error}");
    let folder = tempfile::tempdir().map_err(|error| cannot("make a folder", error))?;
    let book = folder.path().join("book");
    shelf::build(&book)?;
    let file = std::path::absolute(file).map_err(|error| cannot("tell where the file is", error))?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot(&format!("make {}", folder.display()), error))?;
    }
    let printed = folder.path().join("book.pdf");
    let mut command = Command::new(&browser);
    command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-sync", "--no-pdf-header-footer"]);
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    // For root, as in a container, Chromium has no sandbox; and what is opened is our own.
    #[cfg(unix)]
    if nix::unistd::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("--print-to-pdf={}", printed.display()));
    command.arg(format!("file://{}", book.join("print.html").display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| cannot(&format!("start {}", browser.display()), error))?;
    if !output.status.success() || !printed.is_file() {
        return Err(format!("{} printed nothing:\n{}", browser.display(), String::from_utf8_lossy(&output.stderr)));
    }
    fs::copy(&printed, &file).map(drop).map_err(|error| cannot(&format!("write {}", file.display()), error))
}

fn browser() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}
