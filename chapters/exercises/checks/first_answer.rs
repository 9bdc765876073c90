//! Checks `first_answer`, on a clock that jumps to the next timer when all tasks wait.

use checks::gate::polled_at_most;
use checks::{Check, Checks, count, message_of};
use futures::FutureExt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

use super::first_answer::first_answer;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Several servers answer, fail, or panic.", check)]);

/// How a request ends, after a number of seconds.
#[derive(Clone, Copy)]
enum Server {
    Answers(u32),
    Fails(&'static str),
    Panics,
}
use Server::{Answers, Fails, Panics};

/// The result of `first_answer`, its time, and the number of requests that existed then.
struct Seen {
    result: Result<u32, Vec<String>>,
    seconds: u64,
    requests: usize,
}

/// The message of a server's panic.
const PANIC: &str = "a server panicked";

async fn ask(servers: &[(u64, Server)]) -> Seen {
    let (start, alive) = (Instant::now(), Arc::new(()));
    let request = |(seconds, server): &(u64, Server)| {
        let (alive, seconds, server) = (Arc::clone(&alive), *seconds, *server);
        async move {
            let _alive = alive;
            sleep(Duration::from_secs(seconds)).await;
            match server {
                Answers(answer) => Ok(answer),
                Fails(error) => Err(error.to_owned()),
                Panics => panic!("{PANIC}"),
            }
        }
    };
    let requests = servers.iter().map(request).collect();
    let result = polled_at_most(50, "`first_answer`", first_answer(requests)).await;
    Seen { result, seconds: start.elapsed().as_secs(), requests: Arc::strong_count(&alive) - 1 }
}

fn check() -> Result<(), String> {
    // This panic is expected, so it isn't reported.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            report(info);
        }
    }));
    let clock = Builder::new_current_thread().enable_time().start_paused(true).build();
    clock.map_err(|error| error.to_string())?.block_on(race())
}

/// A number of requests, with the verb.
fn are(requests: usize) -> String {
    format!("{} {}", count(requests, "request"), if requests == 1 { "is" } else { "are" })
}

/// Catches a panic of `first_answer`. `what` begins the sentence about it.
async fn caught(what: &str, asks: impl Future<Output = Seen>) -> Result<Seen, String> {
    AssertUnwindSafe(asks).catch_unwind().await.map_err(|payload| match message_of(payload.as_ref()) {
        Some(PANIC) => format!("{what}, and the panic of the request is a panic of `first_answer`, too."),
        _ => format!("{what}, and `first_answer` panics:"),
    })
}

async fn race() -> Result<(), String> {
    let two = ask(&[(3, Answers(3)), (1, Answers(1))]).await;
    if (two.result.as_ref(), two.seconds) != (Ok(&1), 1) {
        let (result, seconds) = (two.result, two.seconds);
        return Err(format!(
            "One server answers 3 after 3 s, another one answers 1 after 1 s, and `first_answer` returns {result:?} after {seconds} s."
        ));
    }
    if two.requests > 0 {
        return Err(format!("{} left after `first_answer` has returned.", are(two.requests)));
    }
    let failed = ask(&[(3, Fails("timed out")), (1, Fails("busy")), (2, Answers(2))]).await;
    if failed.result != Ok(2) {
        return Err(format!(
            "One server fails after 1 s, one answers 2 after 2 s, and the result is {:?}.",
            failed.result
        ));
    }
    let all = ask(&[(2, Fails("timed out")), (1, Fails("busy"))]).await;
    if all.result != Err(vec!["busy".to_owned(), "timed out".to_owned()]) {
        return Err(format!("After the errors \"busy\" and \"timed out\", the result is {:?}.", all.result));
    }
    let panicked = caught("One request panics, one server answers 2", ask(&[(1, Panics), (2, Answers(2))])).await?;
    if panicked.result != Ok(2) {
        return Err(format!("One request panics, one server answers 2, and the result is {:?}.", panicked.result));
    }
    match caught("The only request panics", ask(&[(1, Panics)])).await?.result {
        Err(errors) if errors.len() == 1 => {}
        result => return Err(format!("The only request panicked, and the result is {result:?}.")),
    }
    let slow = ask(&[(3600, Fails("timed out")), (7200, Answers(4)), (9000, Answers(5))]).await;
    if (slow.result.as_ref(), slow.seconds, slow.requests) != (Ok(&4), 7200, 0) {
        return Err(format!(
            "One server fails after 1 h, one answers 4 after 2 h, and one 5 after 2.5 h. The result is {:?} after {} s, and {} \
             left.",
            slow.result,
            slow.seconds,
            are(slow.requests)
        ));
    }
    match ask(&[]).await.result {
        Err(errors) if errors.is_empty() => {}
        result => return Err(format!("There are no requests, and the result is {result:?}.")),
    }
    dropped().await
}

async fn dropped() -> Result<(), String> {
    let alive = Arc::new(());
    let requests = [5, 7].map(|seconds| {
        let alive = Arc::clone(&alive);
        async move {
            let _alive = alive;
            sleep(Duration::from_secs(seconds)).await;
            Ok(1)
        }
    });
    if timeout(Duration::from_secs(1), first_answer(requests.into())).await.is_ok() {
        return Err("The first answer takes 5 s, and `first_answer` returns within 1 s.".to_owned());
    }
    // A task that was aborted ends when the runtime gets to it.
    sleep(Duration::from_secs(1)).await;
    match Arc::strong_count(&alive) - 1 {
        0 => Ok(()),
        left => Err(format!("`first_answer` was dropped after 1 s, and a second later, {} left.", are(left))),
    }
}
