//! A deadline for each line, and one for each answer.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::{Instant, timeout_at};

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    let mut deadline = Instant::now() + time_limit;
    while let Some(line) = timeout_at(deadline, lines.next_line()).await?? {
        let answer = format!("{}\n", line.to_uppercase());
        timeout_at(Instant::now() + time_limit, writer.write_all(answer.as_bytes())).await??;
        deadline = Instant::now() + time_limit;
    }
    Ok(())
}
