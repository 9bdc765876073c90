//! A service that acquires a permit before it receives a request, so that the number of its tasks is limited.

use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The number of requests that are answered at the same time.
const AT_ONCE: usize = 3;

/// Answers requests until the stop. Returns the number of answers, and the most tasks that existed at the same time.
// ANCHOR: serve
async fn serve(mut inbox: Receiver<Duration>, stop: CancellationToken) -> (usize, usize) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let (mut requests, mut answers, mut most) = (JoinSet::new(), 0, 0);
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit.expect("the semaphore is never closed"), inbox.recv().await)
        };
        select! {
            biased;
            _ = stop.cancelled() => break,
            Some(_) = requests.join_next() => answers += 1,
            (permit, request) = next => {
                let Some(request) = request else { break };
                requests.spawn(async move {
                    sleep(request).await;
                    drop(permit);
                });
                most = most.max(requests.len());
            }
        }
    }
    (answers + requests.join_all().await.len(), most)
}
// ANCHOR_END: serve

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (client, inbox) = mpsc::channel(1);
    let service = tokio::spawn(serve(inbox, CancellationToken::new()));
    for _ in 0..30 {
        client.send(Duration::from_millis(300)).await.expect("the service is running");
    }
    drop(client);
    let (answers, most) = service.await.expect("the service doesn't panic");
    println!("{answers} answers, and never more than {most} tasks");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_number_of_tasks_is_limited_and_no_request_is_lost() {
        let (client, inbox) = mpsc::channel(1);
        let service = tokio::spawn(serve(inbox, CancellationToken::new()));
        for _ in 0..30 {
            client.send(Duration::from_millis(300)).await.expect("the service is running");
        }
        drop(client);
        let (answers, most) = service.await.expect("the service doesn't panic");
        assert_eq!(answers, 30);
        // A task that has dropped its permit may not have been joined yet.
        assert!((AT_ONCE..=2 * AT_ONCE).contains(&most), "{most} tasks");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_whose_permits_are_taken_notices_the_stop() {
        let (client, inbox) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let service = tokio::spawn(serve(inbox, stop.clone()));
        for _ in 0..=AT_ONCE {
            client.send(Duration::from_secs(60)).await.expect("the service is running");
        }
        stop.cancel();
        // The last request is still in the channel.
        assert_eq!(service.await.expect("the service doesn't panic").0, AT_ONCE);
        assert!(client.is_closed());
    }
}
