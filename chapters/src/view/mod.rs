//! Everything that a person or a program sees of a run: each view turns the same records into something to look at.
//!
//! A view reads records and writes to its own place. It cannot reach the service, and it runs on a thread of its own,
//! so that a slow terminal or a closed pipe is the view's problem alone.

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

/// Looks at records as they come.
pub trait View: Send {
    /// Shows some more records, the next ones in order of time.
    ///
    /// # Errors
    ///
    /// When what it has to show cannot be written. The view is not asked again.
    fn show(&mut self, records: &[Record]) -> io::Result<()>;

    /// Whether it looks at any record before the last.
    fn is_quiet(&self) -> bool {
        false
    }

    /// Shows what could only be shown at the end.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
