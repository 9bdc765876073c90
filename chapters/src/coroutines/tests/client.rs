//! The client against servers that answer in various ways.

use std::net::TcpStream;

use tokio::sync::oneshot;

use crate::coroutines::{Client, Runtime};
use crate::job::{Failure, Job, Kind};
#[cfg(target_os = "linux")]
use crate::threads::tests::client::silent_port;
use crate::threads::tests::client::{
    SCALE, accept, is_closed, job, read, server, short_answer, two_answers, wrong_answer,
};

/// Runs a test on a single thread, with sockets.
fn on_one_thread<T>(test: impl Future<Output = T>) -> T {
    Runtime::CurrentThread.build_with_io().unwrap().block_on(test)
}

#[test]
fn a_client_keeps_its_connection() {
    let (port, server) = server(|listener| two_answers(accept(&listener)));
    let mut client = Client::new(Some(port));
    let results = on_one_thread(async { [client.run(&job(0), SCALE).await, client.run(&job(1), SCALE).await] });
    assert_eq!(results, [Ok(()), Ok(())]);
    drop(client);
    server.join().unwrap();
}

#[test]
fn an_answer_that_is_short_or_wrong_is_a_failure() {
    for (answer, failure) in
        [(short_answer as fn(TcpStream), Failure::ShortAnswer), (wrong_answer, Failure::WrongAnswer)]
    {
        let (port, server) = server(move |listener| answer(accept(&listener)));
        assert_eq!(on_one_thread(async { Client::new(Some(port)).run(&job(0), SCALE).await }), Err(failure));
        server.join().unwrap();
    }
}

#[test]
fn a_server_that_does_not_answer_in_time_is_a_failure() {
    let (port, server) = server(|listener| {
        let mut connection = accept(&listener);
        read(&mut connection);
        is_closed(connection);
    });
    let result = on_one_thread(async {
        // The clock of the runtime goes straight to the timeout when nothing else can happen.
        tokio::time::pause();
        Client::new(Some(port)).run(&job(0), SCALE).await
    });
    assert_eq!(result, Err(Failure::NoAnswer));
    server.join().unwrap();
}

#[test]
fn a_request_that_is_dropped_closes_its_connection() {
    let (arrived, has_arrived) = oneshot::channel();
    let (port, server) = server(|listener| {
        let mut connection = accept(&listener);
        read(&mut connection);
        arrived.send(()).unwrap();
        is_closed(connection);
    });
    let (mut client, job) = (Client::new(Some(port)), job(0));
    on_one_thread(async {
        tokio::select! {
            result = client.run(&job, SCALE) => panic!("{result:?} without an answer"),
            _ = has_arrived => {}
        }
    });
    server.join().unwrap(); // while there is still a client
    drop(client);
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_connection_is_a_failure_with_its_number() {
    let (port, _socket) = silent_port();
    let failure = on_one_thread(async { Client::new(Some(port)).run(&job(0), SCALE).await });
    assert_eq!(failure, Err(Failure::System(nix::errno::Errno::ECONNREFUSED as i32)));
}

#[test]
fn a_client_without_a_server_does_other_jobs() {
    for kind in [Kind::Cpu, Kind::Io] {
        let job = Job { kind, ..job(0) };
        assert_eq!(on_one_thread(async { Client::new(None).run(&job, SCALE).await }), Ok(()));
    }
}
