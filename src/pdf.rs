//! `cargo run -- pdf`: prints the book with Chromium.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use url::Url;

use crate::book;
use crate::browser::{self, CHROMIUM};

/// The file that the book is printed to by default.
pub fn default_path() -> PathBuf {
    book::folder().join("book/threads-processes-coroutines.pdf")
}

/// Prints the book into a file. This takes about ten seconds.
///
/// # Errors
///
/// When the book can't be built, when no browser is installed, or when the browser fails.
pub fn print(file: &Path) -> Result<(), String> {
    let browser = browser::find(&CHROMIUM, &[])
        .ok_or_else(|| format!("printing needs a browser: install one of {}", CHROMIUM.join(", ")))?;
    let cannot = |what: &str, error: std::io::Error| format!("cannot {what}: {error}");
    let folder = tempfile::tempdir().map_err(|error| cannot("create a temporary folder", error))?;
    let built = folder.path().join("book");
    book::build(&built)?;
    let file = std::path::absolute(file).map_err(|error| cannot("resolve the path of the file", error))?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot(&format!("create {}", folder.display()), error))?;
    }
    let page = built.join("print.html");
    let page = Url::from_file_path(&page).map_err(|()| format!("{} is not an absolute path", page.display()))?;
    let printed = folder.path().join("book.pdf");
    let option = |name: &str, path: &Path| {
        let mut option = std::ffi::OsString::from(name);
        option.push(path);
        option
    };
    let mut command = Command::new(&browser);
    command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-sync", "--no-pdf-header-footer"]);
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    // Chromium's sandbox doesn't work for root, as in a container. The page is our own.
    #[cfg(unix)]
    if nix::unistd::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    command.arg(option("--user-data-dir=", &folder.path().join("profile")));
    command.arg(option("--print-to-pdf=", &printed));
    command.arg(page.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| cannot(&format!("start {}", browser.display()), error))?;
    if !output.status.success() || !printed.is_file() {
        return Err(format!("{} printed nothing:\n{}", browser.display(), String::from_utf8_lossy(&output.stderr)));
    }
    fs::copy(&printed, &file).map(drop).map_err(|error| cannot(&format!("write {}", file.display()), error))
}
