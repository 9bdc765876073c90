//! A single limit for the whole of the connection.
//!
//! Refused: no answer to line 2

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let session = async {
        let (reader, mut writer) = split(client);
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next_line().await? {
            writer.write_all(format!("{}\n", line.to_uppercase()).as_bytes()).await?;
        }
        Ok(())
    };
    timeout(time_limit, session).await?
}
