//! Files that a view writes: opened before the run, replaced when the first byte comes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Opens `path` for writing, now, so that a path that cannot be written is found out before the run.
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

/// A file whose old content stays until the first byte of the new one is written. One that was not there before is not
/// there afterwards either, if nothing was written.
pub(crate) struct Replace {
    file: File,
    begun: bool,
    /// Where it is, if it was not there before.
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
            // What has no length, a pipe or a device, has nothing to replace.
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
