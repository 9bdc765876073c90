//! What was taken is kept where it outlives the wait.

use async_channel::Receiver;

/// Makes pairs of what comes off a line.
pub struct Pairs {
    line: Receiver<u32>,
    left: Option<u32>,
}

impl Pairs {
    /// Takes from `line`.
    pub fn new(line: Receiver<u32>) -> Self {
        Self { line, left: None }
    }

    // ANCHOR: solution
    /// Waits for two, and hands them out in the order in which they came; nothing, if there is no pair any more.
    pub async fn next(&mut self) -> Option<(u32, u32)> {
        if self.left.is_none() {
            self.left = Some(self.line.recv().await.ok()?);
        }
        let right = self.line.recv().await.ok()?;
        self.left.take().map(|left| (left, right))
    }
    // ANCHOR_END: solution
}
