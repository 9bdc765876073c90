//! Each line and each answer has a timeout of its own.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
// ANCHOR: solution
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = timeout(time_limit, lines.next_line()).await?? {
        let answer = format!("{}\n", line.to_uppercase());
        timeout(time_limit, writer.write_all(answer.as_bytes())).await??;
    }
    Ok(())
}
// ANCHOR_END: solution
