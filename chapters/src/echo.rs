//! The echo server of network jobs, and the format of the requests.
//!
//! A job with [`Kind::Net`](crate::job::Kind::Net) sends a request to this server and waits until the server has sent the
//! same bytes back. A request has [`LENGTH`] bytes. It begins with the delay before the answer, in nanoseconds, and the
//! number of the job, as two big-endian numbers of eight bytes, and the rest is filled with dots. A connection can carry
//! any number of requests, one after another.
//!
//! The server listens on a free port of 127.0.0.1, so that no other machine can reach it. All its connections are tasks on
//! one event loop, in a thread of its own, so the number of connections is limited by memory and descriptors only. Its
//! CPU time and its memory count as those of the program that starts it.
//!
//! For a server that other machines can reach, see `examples/echo_server.rs`, which also limits its clients.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use std::time::Duration;
//!
//! use chapters::echo::{self, Listening};
//!
//! # fn main() -> std::io::Result<()> {
//! let server = Listening::bind(1)?;
//! let port = server.port();
//! let server = server.start()?;
//!
//! let mut connection = TcpStream::connect(("127.0.0.1", port))?;
//! let request = echo::request(Duration::from_millis(1), 0);
//! connection.write_all(&request)?;
//! let mut answer = [0; echo::LENGTH];
//! connection.read_exact(&mut answer)?;
//! assert_eq!(answer, request);
//! server.stop()
//! # }
//! ```

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// The size of a request, and of its answer, in bytes.
pub const LENGTH: usize = 1024;
/// How much longer than the delay a client waits for an answer: far longer than a machine can be busy with other things.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// How many descriptors a program needs beside those of its connections.
#[cfg(unix)]
const OTHER_DESCRIPTORS: u64 = 64;

/// How many descriptors an event loop of tokio needs, and some more.
#[cfg(unix)]
const EVENT_LOOP: usize = 8;

/// Makes the request of the job with this number, to be answered after `delay`.
pub fn request(delay: Duration, number: u64) -> [u8; LENGTH] {
    let mut request = [b'.'; LENGTH];
    let nanoseconds = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
    request[..8].copy_from_slice(&nanoseconds.to_be_bytes());
    request[8..16].copy_from_slice(&number.to_be_bytes());
    request
}

/// The delay that a request asks for.
fn delay(request: &[u8; LENGTH]) -> Duration {
    let [a, b, c, d, e, f, g, h, ..] = *request;
    Duration::from_nanos(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// A server that is listening and doesn't answer yet: clients can connect and send requests, which the kernel stores.
///
/// Listening and answering are separate because a process that calls `fork` shouldn't have other threads, and its workers
/// must know the port. Dropping the value resets the connections.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    port: u16,
}

impl Listening {
    /// Listens on a free port of 127.0.0.1. Raises the limit on this process's open files, as far as the system allows, so
    /// that it can have both ends of a connection for each of `clients` clients.
    ///
    /// # Errors
    ///
    /// If the system refuses the socket.
    pub fn bind(clients: u32) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        #[cfg(unix)]
        prepare_for(u64::from(clients), &listener)?;
        #[cfg(not(unix))]
        let _ = clients;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts the thread that answers requests.
    ///
    /// # Errors
    ///
    /// If the system refuses the thread or the event loop.
    pub fn start(self) -> io::Result<Server> {
        check_that_event_loop_can_start()?;
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let serve = async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            select! {
                Err(error) = accept(&listener) => Err(error),
                // It stops, or was dropped.
                _ = stopped => Ok(()),
            }
        };
        let thread = thread::Builder::new().name("echo-server".to_owned()).spawn(move || runtime.block_on(serve))?;
        Ok(Server { stop, thread })
    }
}

/// Opens as many files as an event loop needs descriptors, and closes them. If the system refused the pipe on which tokio
/// waits for signals, tokio would panic.
///
/// # Errors
///
/// If the system refuses one of them.
pub(crate) fn check_that_event_loop_can_start() -> io::Result<()> {
    #[cfg(unix)]
    (0..EVENT_LOOP).map(|_| std::fs::File::open("/dev/null")).collect::<io::Result<Vec<_>>>()?;
    Ok(())
}

/// Raises the limit on open files, and lets the kernel store as many connections as it can until they are accepted.
#[cfg(unix)]
fn prepare_for(clients: u64, listener: &TcpListener) -> io::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::socket::{Backlog, listen};

    let (limit, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = (2 * clients + OTHER_DESCRIPTORS).min(most);
    if limit < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, most)?;
    }
    Ok(listen(listener, Backlog::MAXCONN)?)
}

/// A server that answers requests, until it is [stopped](Server::stop) or dropped.
#[derive(Debug)]
pub struct Server {
    stop: oneshot::Sender<Infallible>,
    thread: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Closes all connections, and waits until the server has ended.
    ///
    /// # Errors
    ///
    /// If the server has failed: it couldn't accept a connection, for example because the process has too many open files.
    /// Its connections were closed at that moment, so that no client waits for an answer.
    pub fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread of the echo server panicked")))
    }
}

/// Accepts connections until the system refuses one.
async fn accept(listener: &tokio::net::TcpListener) -> io::Result<Infallible> {
    loop {
        match listener.accept().await {
            Ok((connection, _)) => _ = tokio::spawn(serve(connection)),
            // The client has gone.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Answers requests until the client closes the connection.
async fn serve(mut connection: TcpStream) -> io::Result<()> {
    let mut message = [0; LENGTH];
    loop {
        connection.read_exact(&mut message).await?;
        let delay = delay(&message);
        // Even a sleep of no time would take until the timer's next tick, up to a millisecond.
        if !delay.is_zero() {
            sleep(delay).await;
        }
        connection.write_all(&message).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_request_states_its_delay() {
        for delay in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1_500_000)] {
            assert_eq!(super::delay(&request(delay, 7)), delay);
        }
        assert_ne!(request(Duration::ZERO, 1), request(Duration::ZERO, 2));
    }

    #[test]
    fn requests_that_came_before_the_start_are_answered() {
        let server = Listening::bind(1).unwrap();
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).unwrap();
        let request = request(Duration::ZERO, 3);
        connection.write_all(&request).unwrap();
        let server = server.start().unwrap();
        let mut answer = [0; LENGTH];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(answer, request);
        server.stop().unwrap();
        assert_eq!(connection.read(&mut answer).unwrap(), 0, "the server has closed the connection");
    }
}
