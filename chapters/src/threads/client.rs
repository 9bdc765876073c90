//! Does the jobs of one worker, and sends the requests of those that need the network.
//!
//! A client keeps its connection for its next request, as the clients of databases and web services do. A connection
//! for each job would cost another round trip and two more system calls on each side. It would also use up the ports:
//! the port of a closed connection stays reserved for a minute, and a Linux machine has 28,232 of them for outgoing
//! connections.
//!
//! The other models have the same client: in [processes](crate::processes) it is this one, and in
//! [coroutines](crate::coroutines) it awaits the answer instead of blocking the thread. In production, use an HTTP client
//! or a database driver, which also [pools](https://docs.rs/deadpool) connections, so that not every worker needs its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

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

    /// Returns the port of the server.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Does a job. Blocks until it is done.
    ///
    /// # Errors
    ///
    /// If it's a network job that gets no correct answer. The next one uses a new connection.
    ///
    /// # Panics
    ///
    /// If it's a network job and no server is running.
    pub fn run(&mut self, job: &Job, scale: f64) -> Result<(), Failure> {
        match job.kind {
            Kind::Cpu | Kind::Io => job.run(scale),
            Kind::Net => self.send(job, scale)?,
        }
        Ok(())
    }

    /// Sends the request of a job, and waits for the answer.
    // ANCHOR: send
    fn send(&mut self, job: &Job, scale: f64) -> Result<(), Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.expect("there is a server")))?,
        };
        let request = echo::request(job.wait(scale), job.number);
        let mut answer = [0; echo::LENGTH];
        connection.set_read_timeout(Some(job.wait(scale) + echo::ANSWER_TIMEOUT))?;
        connection.write_all(&request)?;
        connection.read_exact(&mut answer)?;
        if answer != request {
            return Err(Failure::WrongAnswer);
        }
        self.connection = Some(connection);
        Ok(())
    }
    // ANCHOR_END: send
}
