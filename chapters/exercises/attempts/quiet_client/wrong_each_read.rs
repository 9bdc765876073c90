//! A byte starts the time again.
//!
//! Refused: never a line, still has its place

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, patience: Duration) -> io::Result<()> {
    let (mut reader, mut writer) = split(client);
    let (mut line, mut byte) = (Vec::new(), [0]);
    while timeout(patience, reader.read(&mut byte)).await?? > 0 {
        line.extend(byte);
        if byte == *b"\n" {
            timeout(patience, writer.write_all(&line.to_ascii_uppercase())).await??;
            line.clear();
        }
    }
    Ok(())
}
