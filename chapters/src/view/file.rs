//! Files that a view writes: opened before the run, and replaced when the first byte is written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Opens `path` for writing before the run, so that an unwritable path is reported early.
pub(crate) fn open(path: &Path, flag: &str) -> Result<Replace, String> {
    let error = |error| format!("{flag}={}: cannot write this file: {error}", path.display());
    match File::create_new(path) {
        Ok(file) => Ok(Replace { file, begun: false, made: Some(path.to_owned()) }),
        Err(_) => {
            let file = File::options().write(true).create(true).truncate(false).open(path).map_err(error)?;
            Ok(Replace { file, begun: false, made: None })
        }
    }
}

/// A file that keeps its old content until the first byte of the new content is written. If `open` created the file and
/// nothing was written, dropping this value removes the file.
pub(crate) struct Replace {
    file: File,
    begun: bool,
    /// The path of the file, if `open` created it.
    made: Option<PathBuf>,
}

impl Drop for Replace {
    fn drop(&mut self) {
        if let (false, Some(path)) = (self.begun, &self.made) {
            let _ = fs::remove_file(path);
        }
    }
}

impl Write for Replace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun {
            self.begun = true;
            // A pipe or a device doesn't have content that could be replaced.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_file_is_replaced_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.svg");
        fs::write(&path, "a long line that was here before").unwrap();
        let mut file = open(&path, "--timeline").unwrap();
        file.write_all(b"short").unwrap();
        file.write_all(b"er").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "shorter");
    }
}
