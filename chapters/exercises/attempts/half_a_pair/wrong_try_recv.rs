//! Polls the line for each glove, and keeps the first one.
//! Refused: it polls instead of waiting

use async_channel::{Receiver, TryRecvError};

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
        while self.left.is_none() {
            match self.line.try_recv() {
                Ok(glove) => self.left = Some(glove),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => tokio::task::yield_now().await,
            }
        }
        let right = loop {
            match self.line.try_recv() {
                Ok(glove) => break glove,
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => tokio::task::yield_now().await,
            }
        };
        self.left.take().map(|left| (left, right))
    }
}
