//! A server that sends back each line, with a limit on its connections and on a client's silence.
//!
//! Two clients use both permits, so the third one is accepted only after one of them disconnects. A fourth client, of a
//! server with a shorter time limit, is disconnected because it sends nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

// ANCHOR: accept
/// Accepts connections, of which at most `max_connections` are open at the same time.
async fn accept(listener: TcpListener, max_connections: usize, time_limit: Duration) {
    let permits = Arc::new(Semaphore::new(max_connections));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((connection, _)) => {
                tokio::spawn(async move {
                    if let Err(error) = serve(connection, time_limit).await {
                        println!("server: {error}");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                println!("server: cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
// ANCHOR_END: accept

// ANCHOR: serve
/// Sends back each line, until the client closes the connection or exceeds the `time_limit`.
async fn serve(mut connection: TcpStream, time_limit: Duration) -> io::Result<()> {
    let (reader, mut writer) = connection.split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = timeout(time_limit, lines.next_line()).await?? {
        timeout(time_limit, writer.write_all(format!("{line}\n").as_bytes())).await??;
    }
    Ok(())
}
// ANCHOR_END: serve

/// Starts a server on a free port of this machine, and returns its address.
async fn start(max_connections: usize, time_limit: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener, max_connections, time_limit));
    Ok(address)
}

/// Sends a line, and returns the answer.
async fn ask(connection: &mut TcpStream, line: &str) -> io::Result<String> {
    connection.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer).await?;
    Ok(answer.trim_end().to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = start(2, Duration::from_secs(3600)).await?;
    let mut first = TcpStream::connect(address).await?;
    println!("client 1: {}", ask(&mut first, "hello").await?);
    let mut second = TcpStream::connect(address).await?;
    println!("client 2: {}", ask(&mut second, "hello").await?);

    let mut third = TcpStream::connect(address).await?;
    let mut answer = Box::pin(ask(&mut third, "hello"));
    assert!(timeout(Duration::from_millis(50), &mut answer).await.is_err());
    println!("client 3 has no answer yet");
    drop(first);
    println!("client 1 disconnects");
    println!("client 3: {}", answer.await?);

    let strict = start(1, Duration::from_millis(10)).await?;
    let mut silent = TcpStream::connect(strict).await?;
    assert_eq!(silent.read(&mut [0; 64]).await?, 0);
    println!("client 4 was disconnected");
    Ok(())
}
