//! Keeps the glove after it has both.
//! Refused: the next pair is

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
        let right = self.line.recv().await.ok()?;
        self.left = Some(right);
        self.left.take().map(|right| (left, right))
    }
}
