//! Remembers which exercises are solved and how many hints were shown, so that a reader can stop at any time.
//!
//! Each fact is a file of its own, so several runners can work at the same time and nothing is lost if one is killed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The reader's progress.
#[derive(Debug)]
pub struct Progress {
    folder: PathBuf,
}

impl Progress {
    /// The progress that's kept in a folder, which doesn't have to exist yet.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether an exercise was solved when it was checked last.
    pub fn is_solved(&self, name: &str) -> bool {
        self.folder.join("solved").join(name).exists()
    }

    /// Notes whether an exercise is solved.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn set_solved(&self, name: &str, solved: bool) -> io::Result<()> {
        let file = self.folder.join("solved").join(name);
        match solved {
            true => write(&file, ""),
            false if file.exists() => fs::remove_file(file),
            false => Ok(()),
        }
    }

    /// How many hints of an exercise were shown.
    pub fn hints(&self, name: &str) -> usize {
        let shown = fs::read_to_string(self.folder.join("hints").join(name));
        shown.ok().and_then(|shown| shown.trim().parse().ok()).unwrap_or(0)
    }

    /// Notes how many hints of an exercise were shown.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn set_hints(&self, name: &str, shown: usize) -> io::Result<()> {
        write(&self.folder.join("hints").join(name), &shown.to_string())
    }

    /// The exercise that the reader worked on last.
    pub fn current(&self) -> Option<String> {
        Some(fs::read_to_string(self.folder.join("current")).ok()?.trim().to_owned())
    }

    /// Notes which exercise the reader works on.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn set_current(&self, name: &str) -> io::Result<()> {
        write(&self.folder.join("current"), name)
    }

    /// Keeps a copy of a file that's about to be replaced, and returns the copy's path.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn keep(&self, name: &str, file: &Path) -> io::Result<PathBuf> {
        let copies = self.folder.join("copies");
        fs::create_dir_all(&copies)?;
        let numbered = (1..).map(|number| copies.join(format!("{name}.{number}.rs")));
        let copy = numbered.into_iter().find(|copy| !copy.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
        fs::copy(file, &copy)?;
        Ok(copy)
    }
}

/// Writes a file in one step, so that a reader who stops the runner at any moment finds the old or the new content.
fn write(file: &Path, content: &str) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    fs::write(&new, content)?;
    fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let progress = || Progress::at(folder.path().join("state"));
        assert!(!progress().is_solved("no_end"));
        progress().set_solved("no_end", true).unwrap();
        progress().set_hints("no_end", 2).unwrap();
        progress().set_current("no_end").unwrap();
        assert!(progress().is_solved("no_end"));
        assert_eq!((progress().hints("no_end"), progress().hints("let_in")), (2, 0));
        assert_eq!(progress().current().as_deref(), Some("no_end"));
        progress().set_solved("no_end", false).unwrap();
        assert!(!progress().is_solved("no_end"));
    }

    #[test]
    fn every_copy_of_a_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no_end.rs");
        let progress = Progress::at(folder.path().join("state"));
        let copies = ["one", "two"].map(|text| {
            fs::write(&file, text).unwrap();
            progress.keep("no_end", &file).unwrap()
        });
        assert_eq!(copies.map(|copy| fs::read_to_string(copy).unwrap()), ["one", "two"]);
    }
}
