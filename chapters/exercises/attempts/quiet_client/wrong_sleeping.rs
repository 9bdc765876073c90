//! A watch that looks now and then, and sometimes looks just after a line.
//!
//! Refused: kept its place for

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::{interval, timeout};

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, patience: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    let mut watch = interval(4 * patience);
    let mut seen = true;
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let answer = format!("{}\n", line.to_uppercase());
                timeout(patience, writer.write_all(answer.as_bytes())).await??;
                seen = true;
            }
            _ = watch.tick() => {
                if !seen {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                seen = false;
            }
        }
    }
}
