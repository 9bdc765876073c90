//! Finds Chromium, which prints the book and which the tests drive.

use std::env;
use std::path::PathBuf;

/// The names under which Chromium and Chrome are installed.
pub const CHROMIUM: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The first program of these names in the folders of `PATH`, and then in `more` folders.
pub fn find(names: &[&str], more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(more.iter().cloned()).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}
