//! Blocks its thread instead of waiting.
//! Refused: It doesn't end

use async_channel::Receiver;

/// Makes pairs of the gloves on a line.
pub struct Pairs {
    line: Receiver<u32>,
}

impl Pairs {
    /// Takes from `line`.
    pub fn new(line: Receiver<u32>) -> Self {
        Self { line }
    }

    /// Waits for two gloves, and returns them in the order of arrival; `None` if the line ends before a pair.
    pub async fn next(&mut self) -> Option<(u32, u32)> {
        let left = self.line.recv().await.ok()?;
        let right = self.line.recv_blocking().ok()?;
        Some((left, right))
    }
}
