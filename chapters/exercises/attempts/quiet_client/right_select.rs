//! Waits for each line and for each answer with `select!`.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::sleep;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            () = sleep(time_limit) => return Err(ErrorKind::TimedOut.into()),
        };
        let Some(line) = line else { return Ok(()) };
        let answer = format!("{}\n", line.to_uppercase());
        tokio::select! {
            written = writer.write_all(answer.as_bytes()) => written?,
            () = sleep(time_limit) => return Err(ErrorKind::TimedOut.into()),
        }
    }
}
