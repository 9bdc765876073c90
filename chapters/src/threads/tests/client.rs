//! The clients of threads and of coroutines against servers that answer in various ways.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::coroutines::tests::client::run_as_coroutine;
use crate::echo::LENGTH;
use crate::job::{Failure, Job, Kind};
use crate::threads::Client;

pub(crate) const SCALE: f64 = 0.001;

/// A network job.
pub(crate) fn job(number: u64) -> Job {
    Job { number, kind: Kind::Net, size: 1.0 }
}

/// Starts a server that does `serve` in a thread of its own, and returns its port.
pub(crate) fn server(serve: impl FnOnce(TcpListener) + Send + 'static) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || serve(listener)))
}

/// Accepts a connection.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().unwrap().0
}

/// Reads a request.
pub(crate) fn read(connection: &mut TcpStream) -> [u8; LENGTH] {
    let mut request = [0; LENGTH];
    connection.read_exact(&mut request).unwrap();
    request
}

/// Answers two requests as the echo server does.
fn two_answers(mut connection: TcpStream) {
    for _ in 0..2 {
        let request = read(&mut connection);
        connection.write_all(&request).unwrap();
    }
}

/// Sends the beginning of an answer.
fn short_answer(mut connection: TcpStream) {
    let request = read(&mut connection);
    connection.write_all(&request[1..]).unwrap();
}

/// Sends an answer that isn't the request.
fn wrong_answer(mut connection: TcpStream) {
    let mut request = read(&mut connection);
    request[LENGTH - 1] = b'!';
    connection.write_all(&request).unwrap();
}

/// Waits until the client has closed the connection.
pub(crate) fn is_closed(mut connection: TcpStream) {
    assert_eq!(connection.read(&mut [0]).unwrap(), 0);
}

/// A port on which nothing listens as long as the socket exists, because the socket has it.
#[cfg(target_os = "linux")]
fn silent_port() -> (u16, std::os::fd::OwnedFd) {
    use std::net::SocketAddrV4;

    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = SocketAddrV4::try_from(getsockname(&socket).unwrap()).unwrap();
    (address.port(), socket)
}

/// Runs jobs one after the other with a client, and returns how each has ended.
type Run = fn(Option<u16>, &[Job]) -> Vec<Result<(), Failure>>;

const BOTH: [Run; 2] = [run_in_thread, run_as_coroutine];

fn run_in_thread(port: Option<u16>, jobs: &[Job]) -> Vec<Result<(), Failure>> {
    let mut client = Client::new(port);
    jobs.iter().map(|job| client.run(job, SCALE)).collect()
}

#[test]
fn a_client_keeps_its_connection() {
    for run in BOTH {
        let (port, server) = server(|listener| two_answers(accept(&listener)));
        assert_eq!(run(Some(port), &[0, 1].map(job)), [Ok(()), Ok(())]);
        server.join().unwrap();
    }
}

#[test]
fn an_answer_that_is_short_or_wrong_is_a_failure_and_the_client_connects_again() {
    for (answer, failure) in
        [(short_answer as fn(TcpStream), Failure::ShortAnswer), (wrong_answer, Failure::WrongAnswer)]
    {
        for run in BOTH {
            let (port, server) = server(move |listener| {
                answer(accept(&listener));
                two_answers(accept(&listener));
            });
            assert_eq!(run(Some(port), &[0, 1, 2].map(job)), [Err(failure), Ok(()), Ok(())]);
            server.join().unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_connection_is_a_failure_with_its_number() {
    let (port, _socket) = silent_port();
    let failure = Failure::System(nix::errno::Errno::ECONNREFUSED as i32);
    BOTH.iter().for_each(|run| assert_eq!(run(Some(port), &[job(0)]), [Err(failure)]));
}

#[test]
fn a_client_without_a_server_does_other_jobs() {
    let jobs = [Kind::Cpu, Kind::Io].map(|kind| Job { kind, ..job(0) });
    BOTH.iter().for_each(|run| assert_eq!(run(None, &jobs), [Ok(()), Ok(())]));
}
