//! The client against servers that answer in various ways. The tests of the coroutines' client use the same servers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

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
pub(crate) fn two_answers(mut connection: TcpStream) {
    for _ in 0..2 {
        let request = read(&mut connection);
        connection.write_all(&request).unwrap();
    }
}

/// Sends the beginning of an answer.
pub(crate) fn short_answer(mut connection: TcpStream) {
    let request = read(&mut connection);
    connection.write_all(&request[1..]).unwrap();
}

/// Sends an answer that isn't the request.
pub(crate) fn wrong_answer(mut connection: TcpStream) {
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
pub(crate) fn silent_port() -> (u16, std::os::fd::OwnedFd) {
    use std::net::SocketAddrV4;

    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};

    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = SocketAddrV4::try_from(getsockname(&socket).unwrap()).unwrap();
    (address.port(), socket)
}

#[test]
fn a_client_keeps_its_connection() {
    let (port, server) = server(|listener| two_answers(accept(&listener)));
    let mut client = Client::new(Some(port));
    assert_eq!([0, 1].map(|number| client.run(&job(number), SCALE)), [Ok(()), Ok(())]);
    server.join().unwrap();
}

#[test]
fn an_answer_that_is_short_or_wrong_is_a_failure() {
    for (answer, failure) in
        [(short_answer as fn(TcpStream), Failure::ShortAnswer), (wrong_answer, Failure::WrongAnswer)]
    {
        let (port, server) = server(move |listener| answer(accept(&listener)));
        assert_eq!(Client::new(Some(port)).run(&job(0), SCALE), Err(failure));
        server.join().unwrap();
    }
}

#[test]
fn after_a_failure_the_client_connects_again() {
    let (port, server) = server(|listener| {
        wrong_answer(accept(&listener));
        two_answers(accept(&listener));
    });
    let mut client = Client::new(Some(port));
    let results = [0, 1, 2].map(|number| client.run(&job(number), SCALE));
    assert_eq!(results, [Err(Failure::WrongAnswer), Ok(()), Ok(())]);
    server.join().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_connection_is_a_failure_with_its_number() {
    let (port, _socket) = silent_port();
    let failure = Client::new(Some(port)).run(&job(0), SCALE).unwrap_err();
    assert_eq!(failure, Failure::System(nix::errno::Errno::ECONNREFUSED as i32));
}

#[test]
fn a_client_without_a_server_does_other_jobs() {
    for kind in [Kind::Cpu, Kind::Io] {
        assert_eq!(Client::new(None).run(&Job { kind, ..job(0) }, SCALE), Ok(()));
    }
}
