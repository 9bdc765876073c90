//! The views of a run, for people and for programs. All of them show the same records, each in another form.
//!
//! A view reads records and writes to an output of its own. It doesn't have access to the service, and the views run on
//! a separate thread, so a slow terminal or a closed pipe doesn't affect the workers.

pub mod chart;
pub(crate) mod file;
pub mod json;
pub mod log;
pub mod perfetto;
pub mod progress;
#[cfg(test)]
pub(crate) mod sample;
pub mod summary;
pub mod table;
pub mod timeline;
pub mod views;

use std::io;

use crate::record::Record;

/// Receives the records of a run.
pub trait View: Send {
    /// Shows the next records, in order of time.
    ///
    /// # Errors
    ///
    /// If the view can't write its output. The view isn't called again.
    fn show(&mut self, records: &[Record]) -> io::Result<()>;

    /// Whether the view ignores every record before the last.
    fn is_quiet(&self) -> bool {
        false
    }

    /// Writes the parts that need the whole run, such as a picture.
    ///
    /// # Errors
    ///
    /// If the view can't write its output.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
