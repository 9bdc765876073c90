//! A byte starts the time again.
//!
//! Refused: never a line, is still connected

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (mut reader, mut writer) = split(client);
    let (mut line, mut byte) = (Vec::new(), [0]);
    while timeout(time_limit, reader.read(&mut byte)).await?? > 0 {
        line.extend(byte);
        if byte == *b"\n" {
            timeout(time_limit, writer.write_all(&line.to_ascii_uppercase())).await??;
            line.clear();
        }
    }
    Ok(())
}
