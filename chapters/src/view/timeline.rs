//! stub
use super::{Run, View};
use crate::trace::Record;
use std::io::{self, Write};
/// stub
pub struct Timeline<W> {
    _out: W,
}
impl<W: Write + Send> Timeline<W> {
    /// stub
    pub fn new(_run: Run, out: W) -> Self {
        Self { _out: out }
    }
}
impl<W: Write + Send> View for Timeline<W> {
    fn show(&mut self, _records: &[Record]) -> io::Result<()> {
        Ok(())
    }
}
