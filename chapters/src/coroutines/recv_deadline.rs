//! Receiving from a channel until a deadline.

use std::time::Instant;

use async_channel::{Receiver, RecvError};
use tokio::time::error::Elapsed;
use tokio::time::timeout_at;

// ANCHOR: recv_deadline
/// Receives an item. Gives up when the deadline has passed.
///
/// A coroutine that is canceled here loses no item.
pub async fn recv_deadline<T>(queue: &Receiver<T>, deadline: Instant) -> Result<Result<T, RecvError>, Elapsed> {
    match queue.try_recv() {
        // Setting up a timeout takes longer than receiving an item that is already there.
        Ok(item) => Ok(Ok(item)),
        Err(_) => timeout_at(deadline.into(), queue.recv()).await,
    }
}
// ANCHOR_END: recv_deadline
