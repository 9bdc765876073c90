//! Finds the external programs that the code of the book starts, such as brokers and browsers.
//!
//! This is a package of its own, without dependencies, because the exercises need it and must be compiled quickly.

use std::env;
use std::path::PathBuf;

/// The names under which Chromium and Chrome are installed.
pub const CHROMIUM: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The program of a broker.
pub const NATS_SERVER: &str = "nats-server";

/// Where packages install a broker, in addition to the folders in `PATH`. Debian has the second one only in root's `PATH`.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];

/// The first program of these names in the folders of `PATH`, and then in `more` folders.
///
/// # Examples
///
/// ```
/// assert!(installed::find(&["no-such-program"], &[]).is_none());
/// ```
pub fn find(names: &[&str], more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(more.iter().cloned()).collect();
    find_in(names, &folders)
}

fn find_in(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let mut files = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.find(|file| file.is_file())
}

/// Finds nats-server.
///
/// # Errors
///
/// If it's missing: how to install it.
pub fn nats_server() -> Result<PathBuf, String> {
    find(&[NATS_SERVER], &FOLDERS.map(PathBuf::from)).ok_or_else(|| {
        format!(
            "{NATS_SERVER} isn't installed: install the Debian package of that name (apt install {NATS_SERVER}), or download \
             it from https://nats.io/download"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_first_name_wins_and_then_the_first_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folders = [folder.join("nowhere"), folder.join("src"), folder.to_owned()];
        assert_eq!(find_in(&["lib.rs", "Cargo.toml"], &folders), Some(folder.join("src/lib.rs")));
        assert_eq!(find_in(&["nothing", "Cargo.toml"], &folders), Some(folder.join("Cargo.toml")));
        // A folder isn't a program.
        assert_eq!(find_in(&["src"], &folders), None);
    }
}
