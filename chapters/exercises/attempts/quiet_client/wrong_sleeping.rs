//! The client gets a grace period after its time.
//!
//! Refused: stayed connected for

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::{sleep, timeout};

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    loop {
        let Ok(line) = timeout(time_limit, lines.next_line()).await else {
            sleep(time_limit).await;
            return Err(io::ErrorKind::TimedOut.into());
        };
        let Some(line) = line? else { return Ok(()) };
        let answer = format!("{}\n", line.to_uppercase());
        timeout(time_limit, writer.write_all(answer.as_bytes())).await??;
    }
}
