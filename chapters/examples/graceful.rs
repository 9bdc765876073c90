//! A service that shuts down gracefully: it stops accepting requests, drains, cancels what isn't done by a deadline,
//! and aborts what doesn't react.
//!
//! Ctrl-C or SIGTERM starts the shutdown, and a second signal ends the program immediately. With a number of seconds as
//! its argument, the program starts the shutdown after that time instead, on a simulated clock that skips the waiting.

// ANCHOR: uses
use std::env;
use std::io;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
// ANCHOR_END: uses

// ANCHOR: summary
/// The number of requests that are answered at the same time.
const AT_ONCE: usize = 3;
/// How long the accepted requests may take after the shutdown starts.
const GRACE: Duration = Duration::from_secs(1);
/// How long a canceled request may take to clean up.
const CLEANUP: Duration = Duration::from_secs(1);

/// How a request ended.
enum End {
    Finished,
    Canceled,
    /// The request was accepted, but it was still waiting for a permit.
    Left,
}

#[derive(Default)]
struct Summary {
    accepted: u32,
    finished: u32,
    canceled: u32,
    left: u32,
}
// ANCHOR_END: summary

// ANCHOR: count
impl Summary {
    fn count(&mut self, ended: Result<End, JoinError>) {
        match ended {
            Ok(End::Finished) => self.finished += 1,
            Ok(End::Canceled) => self.canceled += 1,
            Ok(End::Left) => self.left += 1,
            Err(error) if error.is_cancelled() => self.canceled += 1,
            Err(_panic) => self.finished += 1, // without an answer
        }
    }

    async fn count_all(&mut self, requests: &mut JoinSet<End>) {
        while let Some(ended) = requests.join_next().await {
            self.count(ended);
        }
    }
}
// ANCHOR_END: count

// ANCHOR: answer
async fn answer(request: Duration, permits: Arc<Semaphore>, cancel: CancellationToken) -> End {
    let _permit = select! {
        biased;
        _ = cancel.cancelled() => return End::Left,
        permit = permits.acquire() => permit.expect("the semaphore is never closed"),
    };
    match cancel.run_until_cancelled(sleep(request)).await {
        Some(()) => End::Finished,
        None => {
            sleep(request / 10).await; // cleans up
            End::Canceled
        }
    }
}
// ANCHOR_END: answer

// ANCHOR: accept
async fn serve(mut inbox: Receiver<Duration>, stop: CancellationToken) -> Summary {
    let mut summary = Summary::default();
    let mut requests = JoinSet::new();
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let cancel = CancellationToken::new();
    loop {
        select! {
            _ = stop.cancelled() => break,
            Some(ended) = requests.join_next() => summary.count(ended),
            request = inbox.recv() => {
                let Some(request) = request else { break };
                summary.accepted += 1;
                requests.spawn(answer(request, Arc::clone(&permits), cancel.clone()));
            }
        }
    }
    drop(inbox);
    shut_down(&mut summary, &mut requests, &cancel).await;
    summary
}
// ANCHOR_END: accept

// ANCHOR: shut_down
async fn shut_down(summary: &mut Summary, requests: &mut JoinSet<End>, cancel: &CancellationToken) {
    let start = Instant::now();
    let log = |words: &str, requests: &JoinSet<End>| {
        println!("{:.1} s: {words}, {} unfinished", start.elapsed().as_secs_f64(), requests.len());
    };
    log("draining", requests);
    if timeout(GRACE, summary.count_all(requests)).await.is_ok() {
        return;
    }
    log("canceling", requests);
    cancel.cancel();
    if timeout(CLEANUP, summary.count_all(requests)).await.is_ok() {
        return;
    }
    log("aborting", requests);
    requests.abort_all();
    summary.count_all(requests).await;
}
// ANCHOR_END: shut_down

/// Sends a request every 0.1 s, until the service doesn't accept another one.
async fn send_requests(inbox: Sender<Duration>) {
    let mut times = [0.3, 0.3, 5.0, 0.3, 60.0].into_iter().chain(std::iter::repeat(0.3));
    let mut clock = interval(Duration::from_millis(100));
    loop {
        clock.tick().await;
        let request = Duration::from_secs_f64(times.next().expect("it never ends"));
        if inbox.send(request).await.is_err() {
            return;
        }
    }
}

// ANCHOR: signals
/// Returns a future that waits for Ctrl-C or SIGTERM. From this call on, they no longer end the program.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
// ANCHOR_END: signals

/// Returns a future that waits for Ctrl-C. From this call on, it no longer ends the program.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move { _ = interrupt.recv().await })
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let stop = CancellationToken::new();
    let (client, inbox) = mpsc::channel(1);
    let service = tokio::spawn(serve(inbox, stop.clone()));
    tokio::spawn(send_requests(client));
    if let Some(seconds) = env::args().nth(1) {
        time::pause();
        sleep(Duration::from_secs_f64(seconds.parse().map_err(io::Error::other)?)).await;
    } else {
        let signal = stop_signal()?;
        println!("press Ctrl-C to stop the service");
        signal.await;
        let again = stop_signal()?;
        tokio::spawn(async {
            again.await;
            process::exit(1);
        });
    }
    stop.cancel();
    let Summary { accepted, finished, canceled, left } = service.await?;
    println!("{accepted} accepted = {finished} finished + {canceled} canceled + {left} left");
    Ok(())
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Lets clients send these requests, 0.1 s apart, and starts the shutdown after a time.
    async fn serve_for(time: Duration, requests: Vec<Duration>) -> Summary {
        let stop = CancellationToken::new();
        let (client, inbox) = mpsc::channel(1);
        tokio::spawn(async move {
            for request in requests {
                sleep(Duration::from_millis(100)).await;
                if client.send(request).await.is_err() {
                    return;
                }
            }
            client.closed().await;
        });
        let service = tokio::spawn(serve(inbox, stop.clone()));
        sleep(time).await;
        stop.cancel();
        service.await.expect("the service doesn't panic")
    }

    #[tokio::test(start_paused = true)]
    async fn each_accepted_request_is_counted_once_and_the_shutdown_ends_in_time() {
        let mut ends = [0; 3];
        for seed in 0..100 {
            let mut chance = StdRng::seed_from_u64(seed);
            let requests =
                (0..30).map(|_| Duration::from_millis(chance.random_range(0..1_000u64).pow(2) / 40)).collect();
            let time = Duration::from_millis(chance.random_range(0..3_000));
            let start = Instant::now();
            let Summary { accepted, finished, canceled, left } = serve_for(time, requests).await;
            assert_eq!(accepted, finished + canceled + left, "seed {seed}");
            assert!(start.elapsed() < time + GRACE + CLEANUP + Duration::from_millis(10), "seed {seed}");
            [finished, canceled, left].iter().zip(&mut ends).for_each(|(count, sum)| *sum += count);
        }
        assert!(ends.iter().all(|count| *count > 50), "{ends:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_end_before_the_deadline_finish() {
        let summary = serve_for(Duration::from_millis(1_050), vec![Duration::from_millis(300); 10]).await;
        assert_eq!((summary.accepted, summary.finished), (10, 10));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn both_signals_start_the_shutdown() {
        use nix::sys::signal::{Signal, raise};

        for number in [Signal::SIGINT, Signal::SIGTERM] {
            let signal = stop_signal().expect("the system accepts a signal handler");
            raise(number).expect("this process may signal itself");
            signal.await;
        }
    }
}
