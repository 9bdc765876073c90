//! The coroutines' client when its server is slow, or its request is dropped. The tests of the threads' client are for both.

use tokio::sync::oneshot;

use crate::coroutines::{Client, Runtime};
use crate::job::{Failure, Job};
use crate::threads::tests::client::{SCALE, accept, is_closed, job, read, server};

/// Runs a test on a single thread, with sockets.
fn on_one_thread<T>(test: impl Future<Output = T>) -> T {
    Runtime::CurrentThread.build_with_io().unwrap().block_on(test)
}

/// Runs jobs one after the other with a client, and returns how each has ended.
pub(crate) fn run_as_coroutine(port: Option<u16>, jobs: &[Job]) -> Vec<Result<(), Failure>> {
    on_one_thread(async {
        let (mut client, mut results) = (Client::new(port), Vec::new());
        for job in jobs {
            results.push(client.run(job, SCALE).await);
        }
        results
    })
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
