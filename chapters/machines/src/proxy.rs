//! A network that can be cut: a worker's connections run through a proxy, which can stop carrying data.
//!
//! Nothing is lost or closed while the network is cut. Both ends see silence, which is what they see when a cable is
//! unplugged, and they can't tell it from a slow peer. When the network is restored, the data arrives, late.

use std::io;

use async_nats::ServerAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The size of the pieces in which data is carried.
const PIECE: usize = 1 << 16;

/// A proxy for one worker, on free ports of this machine, one for each broker. Dropping it closes the connections.
#[derive(Debug)]
pub struct Proxy {
    servers: Vec<ServerAddr>,
    open: watch::Sender<bool>,
    _listeners: JoinSet<()>,
}

impl Proxy {
    /// Starts a proxy in front of `servers`.
    ///
    /// # Errors
    ///
    /// If all ports are in use.
    pub async fn start(servers: &[ServerAddr]) -> io::Result<Self> {
        let (open, is_open) = watch::channel(true);
        let mut addresses = Vec::new();
        let mut listeners = JoinSet::new();
        for server in servers {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = format!("nats://{}", listener.local_addr()?);
            addresses.push(address.parse()?);
            listeners.spawn(listen(listener, format!("{}:{}", server.host(), server.port()), is_open.clone()));
        }
        Ok(Self { servers: addresses, open, _listeners: listeners })
    }

    /// The addresses that the worker connects to.
    pub fn servers(&self) -> &[ServerAddr] {
        &self.servers
    }

    /// Cuts the network.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Restores the network.
    pub fn restore(&self) {
        self.open.send_replace(true);
    }
}

async fn listen(listener: TcpListener, server: String, open: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (server, open) = (server.clone(), open.clone());
        connections.spawn(async move {
            let mut is_open = open.clone();
            let _ = is_open.wait_for(|open| *open).await;
            let Ok(server) = TcpStream::connect(server).await else { return };
            // Small messages shouldn't wait for larger ones, through the proxy as little as without it.
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (client, server) = (client.into_split(), server.into_split());
            // A connection ends as soon as one of its directions does.
            tokio::select! {
                () = carry(client.0, server.1, open.clone()) => {}
                () = carry(server.0, client.1, open) => {}
            }
        });
    }
}

/// Carries data until one end is closed, while the network is open.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut open: watch::Receiver<bool>) {
    let mut piece = vec![0; PIECE];
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else { return };
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cut_network_delays_data_and_loses_none() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server: ServerAddr = format!("nats://{}", listener.local_addr().unwrap()).parse().unwrap();
        let proxy = Proxy::start(&[server]).await.unwrap();
        let address = format!("{}:{}", proxy.servers()[0].host(), proxy.servers()[0].port());
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut received = [0; 3];
        client.write_all(b"one").await.unwrap();
        peer.read_exact(&mut received).await.unwrap();
        proxy.cut();
        client.write_all(b"two").await.unwrap();
        let mut late = tokio::spawn(async move {
            peer.read_exact(&mut received).await.unwrap();
            received
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!late.is_finished());
        proxy.restore();
        assert_eq!(&(&mut late).await.unwrap(), b"two");
    }
}
