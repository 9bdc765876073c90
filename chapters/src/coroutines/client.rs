//! Does the jobs of one worker, and sends the requests of those that need the network.
//!
//! The counterpart of [`threads::Client`](crate::threads::Client), which says why a client keeps its connection. While
//! this one waits for an answer, its thread runs other tasks.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::echo;
use crate::job::{Failure, Job, Kind};

/// Does jobs, and has at most one connection to the [echo server](crate::echo).
#[derive(Debug)]
pub struct Client {
    port: Option<u16>,
    connection: Option<TcpStream>,
}

impl Client {
    /// Creates a client of the server on this port, which connects when it needs to.
    pub fn new(port: Option<u16>) -> Self {
        Self { port, connection: None }
    }

    /// Does a job. Unless the job computes, other tasks can run until it is done. Dropping the future abandons the job,
    /// and closes the connection if there is a request on it.
    ///
    /// # Errors
    ///
    /// If it's a network job that gets no correct answer. The next one uses a new connection.
    ///
    /// # Panics
    ///
    /// If it's a network job and no server is running, or the runtime lacks I/O.
    pub async fn run(&mut self, job: &Job, scale: f64) -> Result<(), Failure> {
        match job.kind {
            Kind::Cpu | Kind::Io => job.run_async(scale).await,
            // On the heap, so that the buffers don't make the futures of all workers larger.
            Kind::Net => Box::pin(self.send(job, scale)).await?,
        }
        Ok(())
    }

    /// Sends the request of a job, and waits for the answer.
    // ANCHOR: send
    async fn send(&mut self, job: &Job, scale: f64) -> Result<(), Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.expect("there is a server"))).await?,
        };
        let request = echo::request(job.wait(scale), job.number);
        let mut answer = [0; echo::LENGTH];
        connection.write_all(&request).await?;
        let time_limit = job.wait(scale) + echo::ANSWER_TIMEOUT;
        timeout(time_limit, connection.read_exact(&mut answer)).await.map_err(|_| Failure::NoAnswer)??;
        if answer != request {
            return Err(Failure::WrongAnswer);
        }
        self.connection = Some(connection);
        Ok(())
    }
    // ANCHOR_END: send
}
