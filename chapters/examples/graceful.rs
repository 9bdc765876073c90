//! A service that shuts down gracefully: it stops accepting requests, drains, cancels what isn't done by a deadline,
//! and aborts what doesn't react.
//!
//! Ctrl-C or SIGTERM starts the shutdown, and a second signal ends the program immediately. With a number of seconds as
//! its argument, the program starts the shutdown after that time instead, on a simulated clock that skips the waiting.
//! The exit status is 0 if all accepted requests were finished, 1 if not, and 2 if the argument isn't a number of seconds.

// ANCHOR: uses
use std::env;
use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
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

#[derive(Debug, Default)]
struct Summary {
    accepted: u32,
    finished: u32,
    panicked: u32,
    canceled: u32,
    aborted: u32,
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
            Err(error) if error.is_cancelled() => self.aborted += 1,
            Err(_panic) => self.panicked += 1,
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
async fn answer(request: Duration, permits: Arc<Semaphore>, give_up: CancellationToken) -> End {
    let _permit = select! {
        biased;
        _ = give_up.cancelled() => return End::Left,
        permit = permits.acquire() => permit.expect("the semaphore is never closed"),
    };
    match give_up.run_until_cancelled(sleep(request)).await {
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
    let give_up = CancellationToken::new();
    loop {
        select! {
            biased;
            _ = stop.cancelled() => break,
            Some(ended) = requests.join_next() => summary.count(ended),
            request = inbox.recv() => {
                let Some(request) = request else { break };
                summary.accepted += 1;
                requests.spawn(answer(request, Arc::clone(&permits), give_up.clone()));
            }
        }
    }
    drop(inbox);
    shut_down(&mut summary, &mut requests, &give_up).await;
    summary
}
// ANCHOR_END: accept

// ANCHOR: shut_down
async fn shut_down(summary: &mut Summary, requests: &mut JoinSet<End>, give_up: &CancellationToken) {
    let start = Instant::now();
    let log = |words: &str, requests: &JoinSet<End>| {
        println!("{:.1} s: {words}, {} unfinished", start.elapsed().as_secs_f64(), requests.len());
    };
    log("draining", requests);
    if timeout(GRACE, summary.count_all(requests)).await.is_ok() {
        return;
    }
    log("canceling", requests);
    give_up.cancel();
    if timeout(CLEANUP, summary.count_all(requests)).await.is_ok() {
        return;
    }
    log("aborting", requests);
    requests.abort_all();
    summary.count_all(requests).await;
}
// ANCHOR_END: shut_down

// ANCHOR: client
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
// ANCHOR_END: client

// ANCHOR: signals
/// Ctrl-C and SIGTERM. Once this value exists, they no longer end the program.
#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
// ANCHOR_END: signals

/// Ctrl-C. Once this value exists, it no longer ends the program.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) {
        _ = self.0.recv().await;
    }
}

// ANCHOR: argument
/// Returns the time after which the shutdown starts, if the program has an argument. A wrong argument ends the program.
fn stop_time() -> Option<Duration> {
    let seconds = env::args_os().nth(1)?;
    let number = seconds.to_str().and_then(|seconds| seconds.parse().ok());
    let time = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    if time.is_none() {
        eprintln!("error: {}: expected a number of seconds", seconds.display());
        process::exit(2);
    }
    time
}
// ANCHOR_END: argument

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let stop = CancellationToken::new();
    let (client, inbox) = mpsc::channel(1);
    let service = tokio::spawn(serve(inbox, stop.clone()));
    tokio::spawn(send_requests(client));
    if let Some(time) = stop_time() {
        time::pause();
        sleep(time).await;
        stop.cancel();
    } else {
        println!("press Ctrl-C to stop the service");
        tokio::spawn(async move {
            signals.next().await;
            stop.cancel();
            signals.next().await;
            process::exit(1);
        });
    }
    let summary = service.await?;
    println!("{summary:?}");
    Ok(ExitCode::from(u8::from(summary.finished < summary.accepted)))
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
            let Summary { accepted, finished, panicked, canceled, aborted, left } = serve_for(time, requests).await;
            assert_eq!(panicked, 0, "seed {seed}");
            assert_eq!(accepted, finished + canceled + aborted + left, "seed {seed}");
            assert!(start.elapsed() < time + GRACE + CLEANUP + Duration::from_millis(10), "seed {seed}");
            [finished, canceled + aborted, left].iter().zip(&mut ends).for_each(|(count, sum)| *sum += count);
        }
        assert!(ends.iter().all(|count| *count > 50), "{ends:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_end_before_the_deadline_finish() {
        let summary = serve_for(Duration::from_millis(1_050), vec![Duration::from_millis(300); 10]).await;
        assert_eq!((summary.accepted, summary.finished), (10, 10));
    }

    #[tokio::test]
    async fn no_request_is_accepted_after_the_stop() {
        for round in 0..100 {
            let (client, inbox) = mpsc::channel(16);
            for _ in 0..16 {
                client.try_send(Duration::ZERO).expect("there is room");
            }
            let stop = CancellationToken::new();
            stop.cancel();
            assert_eq!(serve(inbox, stop).await.accepted, 0, "round {round}");
            assert!(client.is_closed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_ends_without_a_stop_when_no_client_is_left() {
        let (client, inbox) = mpsc::channel(1);
        let service = tokio::spawn(serve(inbox, CancellationToken::new()));
        client.send(Duration::from_millis(300)).await.expect("the service is running");
        drop(client);
        let summary = service.await.expect("the service doesn't panic");
        assert_eq!((summary.accepted, summary.finished), (1, 1));
    }

    #[tokio::test]
    async fn panics_and_aborts_have_counters_of_their_own() {
        let mut requests = JoinSet::new();
        requests.spawn(async { End::Finished });
        requests.spawn(async { panic!("a bad request") });
        requests.spawn(std::future::pending()).abort();
        let mut summary = Summary::default();
        summary.count_all(&mut requests).await;
        assert_eq!((summary.finished, summary.panicked, summary.canceled, summary.aborted), (1, 1, 0, 1));
    }

    /// The only test with signals, because each one reaches the whole process.
    #[cfg(unix)]
    #[tokio::test]
    async fn each_of_two_signals_is_received_even_if_they_come_together() {
        use nix::sys::signal::Signal::{SIGINT, SIGTERM};
        use nix::sys::signal::raise;

        let mut signals = Signals::new().expect("the system accepts a signal handler");
        for round in 0..100 {
            for numbers in [[SIGINT, SIGTERM], [SIGTERM, SIGINT]] {
                for number in numbers {
                    raise(number).expect("this process may signal itself");
                }
                for place in ["first", "second"] {
                    let received = timeout(Duration::from_secs(60), signals.next()).await;
                    received.unwrap_or_else(|_| panic!("round {round}: {numbers:?}: the {place} signal is lost"));
                }
            }
            for number in [SIGINT, SIGTERM] {
                raise(number).expect("this process may signal itself");
                signals.next().await;
            }
        }
    }
}
