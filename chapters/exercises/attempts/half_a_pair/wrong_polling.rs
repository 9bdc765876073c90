//! Polls the length of the line until both gloves are there.
//! Refused: it polls instead of waiting

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
        while self.line.len() < 2 && !self.line.is_closed() {
            tokio::task::yield_now().await;
        }
        let left = self.line.try_recv().ok()?;
        let right = self.line.try_recv().ok()?;
        Some((left, right))
    }
}
