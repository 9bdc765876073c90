//! A thread collects the pairs.
//! Refused: threads than before

use async_channel::Receiver;

/// Makes pairs of the gloves on a line.
pub struct Pairs {
    pairs: Receiver<(u32, u32)>,
}

impl Pairs {
    /// Takes from `line`.
    pub fn new(line: Receiver<u32>) -> Self {
        let (sender, pairs) = async_channel::unbounded();
        std::thread::spawn(move || {
            while let Ok(left) = line.recv_blocking() {
                let Ok(right) = line.recv_blocking() else { break };
                _ = sender.send_blocking((left, right));
            }
        });
        Self { pairs }
    }

    /// Waits for two gloves, and returns them in the order of arrival; `None` if the line ends before a pair.
    pub async fn next(&mut self) -> Option<(u32, u32)> {
        self.pairs.recv().await.ok()
    }
}
