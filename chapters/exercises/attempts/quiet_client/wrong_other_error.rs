//! The error is of another kind.
//!
//! Refused: not with the error `TimedOut`

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    let late = |_| io::Error::other("too late");
    while let Some(line) = timeout(time_limit, lines.next_line()).await.map_err(late)?? {
        let answer = format!("{}\n", line.to_uppercase());
        timeout(time_limit, writer.write_all(answer.as_bytes())).await.map_err(late)??;
    }
    Ok(())
}
