//! A server sends back each line in capital letters. It allows a limited number of connections, and some clients keep
//! one open without using it.
//!
//! Give each client a limited time: if `time_limit` passes without a complete line from the client, or if the client
//! doesn't read its answer within `time_limit`, return an error of the kind `TimedOut`. A client that sends a few bytes
//! now and then, but never a complete line, doesn't get more time. A client that sends lines may stay as long as it
//! likes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let _ = time_limit;
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        writer.write_all(format!("{}\n", line.to_uppercase()).as_bytes()).await?;
    }
    Ok(())
}
