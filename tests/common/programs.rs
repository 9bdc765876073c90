//! The programs that a test needs besides ours. Where one is missing, nothing can be seen, and the test says so; where the
//! environment has `CI`, it fails then.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The root of the repository.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The names that Chromium goes by.
pub const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// What is there of programs that do the same.
pub fn find(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain([Path::new(ROOT).join("target/tools/bin")]).collect();
    programs
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
        .find(|file| file.is_file())
}

/// Says that nothing was tested, for want of a program.
#[track_caller]
pub fn skip(missing: &str, so: &str) {
    assert!(env::var_os("CI").is_none(), "{missing} is not installed");
    // Not by a macro: the output of a test is hidden when it passes.
    let _ = writeln!(io::stderr(), "SKIPPED: {missing} is not installed, so {so}");
}
