//! Gloves come off a line one by one, and are handed out in pairs. A caller that times out drops `next` while it waits,
//! and a glove is lost.
//!
//! Make it safe to drop `next` at any `await` without losing a glove. Don't change its callers. A call waits for the
//! next glove: it doesn't poll, and it doesn't leave its work to another task or thread.

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
        let right = self.line.recv().await.ok()?;
        Some((left, right))
    }
}
