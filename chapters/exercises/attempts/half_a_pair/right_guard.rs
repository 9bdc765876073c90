//! A guard puts the first glove back if the call is dropped.

use async_channel::Receiver;

/// Makes pairs of the gloves on a line.
pub struct Pairs {
    line: Receiver<u32>,
    left: Option<u32>,
}

impl Pairs {
    /// Takes from `line`.
    pub fn new(line: Receiver<u32>) -> Self {
        Self { line, left: None }
    }

    /// Waits for two gloves, and returns them in the order of arrival; `None` if the line ends before a pair.
    pub async fn next(&mut self) -> Option<(u32, u32)> {
        let left = match self.left.take() {
            Some(left) => left,
            None => self.line.recv().await.ok()?,
        };
        let mut kept = Kept { place: &mut self.left, glove: Some(left) };
        let right = self.line.recv().await.ok()?;
        kept.glove.take().map(|left| (left, right))
    }
}

/// A glove that goes back to its place if it isn't taken.
struct Kept<'a> {
    place: &'a mut Option<u32>,
    glove: Option<u32>,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        *self.place = self.glove.take();
    }
}
