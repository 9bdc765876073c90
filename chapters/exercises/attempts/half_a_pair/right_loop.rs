//! Takes one glove per iteration.

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
        let (line, left) = (&self.line, &mut self.left);
        loop {
            let glove = line.recv().await.ok()?;
            match left.take() {
                Some(left) => return Some((left, glove)),
                None => *left = Some(glove),
            }
        }
    }
}
