//! Collects the gloves in a list.

use async_channel::Receiver;

/// Makes pairs of the gloves on a line.
pub struct Pairs {
    line: Receiver<u32>,
    waiting: Vec<u32>,
}

impl Pairs {
    /// Takes from `line`.
    pub fn new(line: Receiver<u32>) -> Self {
        Self { line, waiting: Vec::new() }
    }

    /// Waits for two gloves, and returns them in the order of arrival; `None` if the line ends before a pair.
    pub async fn next(&mut self) -> Option<(u32, u32)> {
        while self.waiting.len() < 2 {
            self.waiting.push(self.line.recv().await.ok()?);
        }
        let right = self.waiting.pop()?;
        Some((self.waiting.pop()?, right))
    }
}
