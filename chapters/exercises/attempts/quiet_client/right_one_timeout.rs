//! One limit for a line and its answer together.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::time::timeout;

/// Serves one client, until it closes the connection.
pub async fn serve(client: impl AsyncRead + AsyncWrite, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    loop {
        let round = async {
            let Some(line) = lines.next_line().await? else { return Ok(false) };
            writer.write_all(format!("{}\n", line.to_uppercase()).as_bytes()).await?;
            Ok(true)
        };
        let goes_on: io::Result<bool> = timeout(time_limit, round).await?;
        if !goes_on? {
            return Ok(());
        }
    }
}
