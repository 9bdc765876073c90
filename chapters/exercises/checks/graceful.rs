//! Checks `graceful`, on a clock that jumps to the next timer when all tasks wait.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use checks::{Check, Checks};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::graceful::{Report, Service};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A service without requests is shut down. It may take 5 s.", || run(nothing())),
    Check::new("Three requests take 1 s each. The shutdown may take 5 s.", || run(drains())),
    Check::new("One request takes 1 s, and one 10 s. The shutdown may take 3 s.", || run(aborts())),
    Check::new("One request has ended before the shutdown, one panics, and one takes 1 s.", || run(fails())),
    Check::new("A request is submitted while the service shuts down.", || run(refuses())),
]);

fn run(check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let clock = Builder::new_current_thread().enable_time().start_paused(true).build();
    clock.map_err(|error| error.to_string())?.block_on(check)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Shuts the service down. Returns the report and the seconds that it took.
async fn shut_down(service: &Service, grace: u64) -> Result<(Report, u64), String> {
    let start = Instant::now();
    let (mut shutdown, mut polls) = (pin!(service.shut_down(seconds(grace))), 0);
    let report = std::future::poll_fn(|context| {
        polls += 1;
        match polls {
            0..100 => shutdown.as_mut().poll(context).map(Some),
            _ => Poll::Ready(None),
        }
    });
    match report.await {
        Some(report) => Ok((report, start.elapsed().as_secs())),
        None => Err("`shut_down` polls instead of waiting: it was polled 100 times.".to_owned()),
    }
}

/// A request that takes some seconds, and owns a share of `alive` as long as it exists.
fn request(time: u64, alive: &Arc<()>) -> impl Future<Output = ()> + Send + use<> {
    let alive = Arc::clone(alive);
    async move {
        sleep(seconds(time)).await;
        drop(alive);
    }
}

fn expect(found: Report, expected: Report) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let text =
        |report: Report| format!("{} finished, {} failed, {} aborted", report.finished, report.failed, report.aborted);
    Err(format!("The report is: {}. It should be: {}.", text(found), text(expected)))
}

async fn nothing() -> Result<(), String> {
    match shut_down(&Service::new(), 5).await? {
        (report, 0) => expect(report, Report::default()),
        (_, time) => Err(format!("There's nothing to wait for, and `shut_down` returns after {time} s.")),
    }
}

async fn drains() -> Result<(), String> {
    let (service, alive) = (Service::new(), Arc::new(()));
    for _ in 0..3 {
        if !service.submit(request(1, &alive)) {
            return Err("`submit` refuses a request, but no shutdown has started.".to_owned());
        }
    }
    let (report, time) = shut_down(&service, 5).await?;
    if time == 3 {
        return Err("Three requests of 1 s took 3 s: they aren't answered at the same time.".to_owned());
    }
    if report.finished < 3 {
        return Err(format!(
            "Three requests should be finished when `shut_down` returns, and {} are.",
            report.finished
        ));
    }
    match time {
        1 => expect(report, Report { finished: 3, ..Report::default() }),
        time => Err(format!("All requests have ended after 1 s, and `shut_down` returns after {time} s.")),
    }
}

async fn aborts() -> Result<(), String> {
    let (service, alive) = (Service::new(), Arc::new(()));
    service.submit(request(1, &alive));
    service.submit(request(10, &alive));
    let (report, time) = shut_down(&service, 3).await?;
    if Arc::strong_count(&alive) > 1 {
        return Err("An aborted request still exists when `shut_down` returns.".to_owned());
    }
    match time {
        3 => expect(report, Report { finished: 1, aborted: 1, failed: 0 }),
        time => Err(format!("A shutdown that may take 3 s, with one of 10 s among the requests, takes {time} s.")),
    }
}

async fn fails() -> Result<(), String> {
    let (service, alive) = (Service::new(), Arc::new(()));
    service.submit(async {});
    sleep(seconds(1)).await;
    service.submit(async {
        checks::expect_panic();
        panic!("a bad request");
    });
    service.submit(request(1, &alive));
    let (report, _) = shut_down(&service, 5).await?;
    expect(report, Report { finished: 2, failed: 1, aborted: 0 })
}

async fn refuses() -> Result<(), String> {
    let (service, alive) = (Arc::new(Service::new()), Arc::new(()));
    service.submit(request(2, &alive));
    let late = tokio::spawn({
        let (service, alive) = (Arc::clone(&service), Arc::clone(&alive));
        async move {
            sleep(seconds(1)).await;
            service.submit(request(9, &alive))
        }
    });
    let (report, time) = shut_down(&service, 20).await?;
    if late.await.unwrap_or(true) {
        return Err("A request was submitted during the shutdown, and `submit` returns true.".to_owned());
    }
    match time {
        2 => expect(report, Report { finished: 1, ..Report::default() }),
        time => Err(format!("The last accepted request has ended after 2 s, and `shut_down` returns after {time} s.")),
    }
}
