//! A timer in a `select!`, which starts again after each line.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::{Instant, sleep_until};

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, patience: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    loop {
        let deadline = Instant::now() + patience;
        let line = tokio::select! {
            line = lines.next_line() => line?,
            () = sleep_until(deadline) => return Err(late()),
        };
        let Some(line) = line else { return Ok(()) };
        let answer = format!("{}\n", line.to_uppercase());
        let deadline = Instant::now() + patience;
        tokio::select! {
            result = writer.write_all(answer.as_bytes()) => result?,
            () = sleep_until(deadline) => return Err(late()),
        }
    }
}
