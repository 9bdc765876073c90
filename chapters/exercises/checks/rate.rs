//! Checks `rate`, on a clock that jumps to the next timer when all tasks wait.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use checks::{Check, Checks};
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, advance, sleep, timeout};

use super::rate::RateLimiter;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("There are 3 permits, and another one each second. One caller takes 6.", || run(burst())),
    Check::new("There are 3 permits, and another one each second. The caller takes a break of 10 s.", || run(pause())),
    Check::new("There is 1 permit, and another one each second. Four tasks take one each.", || run(together())),
    Check::new("There is 1 permit, and another one each second. A caller gives up.", || run(gives_up())),
    Check::new("A caller waits for an hour.", || run(idle())),
    Check::new("There is 1 permit, and another one each second. The first of three waiting callers gives up.", || {
        run(goes_first())
    }),
    Check::new(
        "Three callers wait, and a fourth one comes when there's a permit. The last ones are polled first.",
        || run(in_order()),
    ),
]);

fn run(check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let clock = Builder::new_current_thread().enable_time().start_paused(true).build();
    let clock = clock.map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&clock, check)
}

const SECOND: Duration = Duration::from_secs(1);

fn nth(number: usize) -> String {
    match number {
        1 => "The first caller".to_owned(),
        2 => "The second caller".to_owned(),
        3 => "The 3rd caller".to_owned(),
        number => format!("The {number}th caller"),
    }
}

/// Compares the time since `start` with the expected one, to the millisecond of tokio's clock.
fn expect(number: usize, start: Instant, seconds: f64) -> Result<(), String> {
    let passed = start.elapsed().as_secs_f64();
    let who = match number {
        0..4 => "The first 3 permits should be there at once, but a caller".to_owned(),
        number => nth(number),
    };
    if (passed - seconds).abs() > 0.005 {
        return Err(format!("{who} gets a permit after {passed:.1} s instead of {seconds:.1} s."));
    }
    Ok(())
}

/// Takes a permit, and counts how often the future is polled.
async fn acquire(limiter: &RateLimiter) -> Result<(), String> {
    let (mut acquire, mut polls) = (pin!(limiter.acquire()), 0);
    poll_fn(|context| {
        polls += 1;
        match polls {
            0..50 => acquire.as_mut().poll(context).map(Ok),
            _ => Poll::Ready(Err("A caller polls instead of waiting: it was polled 50 times.".to_owned())),
        }
    })
    .await
}

async fn burst() -> Result<(), String> {
    let (limiter, start) = (RateLimiter::new(3, SECOND), Instant::now());
    for (number, seconds) in [(1, 0.0), (2, 0.0), (3, 0.0), (4, 1.0), (5, 2.0), (6, 3.0)] {
        acquire(&limiter).await?;
        expect(number, start, seconds)?;
    }
    sleep(SECOND / 2).await;
    acquire(&limiter).await?;
    expect(7, start, 4.0)
}

async fn pause() -> Result<(), String> {
    let limiter = RateLimiter::new(3, SECOND);
    for seconds in [0, 10] {
        sleep(Duration::from_secs(seconds)).await;
        let start = Instant::now();
        for _ in 0..3 {
            acquire(&limiter).await?;
        }
        let passed = start.elapsed();
        if passed > SECOND / 100 {
            return Err(format!(
                "After a break of {seconds} s, 3 permits should be available immediately, but took {passed:?}."
            ));
        }
        acquire(&limiter).await?;
        let passed = start.elapsed().as_secs_f64();
        if (passed - 1.0).abs() > 0.005 {
            return Err(format!(
                "The 4th permit after a break of {seconds} s is there after {passed:.1} s instead of 1.0 s: after a break of \
                 10 s, there are no more than 3 permits."
            ));
        }
    }
    Ok(())
}

async fn together() -> Result<(), String> {
    let (limiter, start) = (Rc::new(RateLimiter::new(1, SECOND)), Instant::now());
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let limiter = Rc::clone(&limiter);
            spawn_local(async move {
                acquire(&limiter).await?;
                Ok::<_, String>(start.elapsed().as_secs_f64())
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let passed = task.await.map_err(|_| "`acquire` panicked.".to_owned())??;
        if (passed - number as f64).abs() > 0.005 {
            return Err(format!(
                "Four tasks asked for a permit one after another. {} gets it after {passed:.1} s instead of {number}.0 s.",
                nth(number + 1)
            ));
        }
    }
    Ok(())
}

async fn gives_up() -> Result<(), String> {
    let (limiter, start) = (RateLimiter::new(1, SECOND), Instant::now());
    acquire(&limiter).await?;
    if timeout(SECOND / 2, acquire(&limiter)).await.is_ok() {
        return Err("A caller gets a second permit within half a second.".to_owned());
    }
    acquire(&limiter).await?;
    let passed = start.elapsed().as_secs_f64();
    if (passed - 1.0).abs() > 0.005 {
        return Err(format!(
            "A caller was dropped while it waited, and the next one gets its permit after {passed:.1} s instead of 1.0 s."
        ));
    }
    Ok(())
}

async fn idle() -> Result<(), String> {
    let (limiter, start) = (RateLimiter::new(1, Duration::from_secs(3600)), Instant::now());
    acquire(&limiter).await?;
    acquire(&limiter).await?;
    expect(4, start, 3600.0)
}

/// Three callers wait, and the first one gives up, so the others move up.
async fn goes_first() -> Result<(), String> {
    let (limiter, start) = (Rc::new(RateLimiter::new(1, SECOND)), Instant::now());
    acquire(&limiter).await?;
    let tasks = [0.5, 60.0, 60.0].map(|patience| {
        let limiter = Rc::clone(&limiter);
        spawn_local(async move {
            match timeout(Duration::from_secs_f64(patience), acquire(&limiter)).await {
                Ok(acquired) => acquired.map(|()| start.elapsed().as_secs_f64()),
                Err(_) => Ok(f64::INFINITY),
            }
        })
    });
    for (task, expected) in tasks.into_iter().zip([f64::INFINITY, 1.0, 2.0]) {
        let passed = task.await.map_err(|_| "`acquire` panicked.".to_owned())??;
        if expected.is_infinite() && passed.is_finite() {
            return Err("A caller gets a second permit within half a second.".to_owned());
        }
        if expected.is_finite() && (passed - expected).abs() > 0.005 {
            return Err(format!(
                "The first of three waiting callers gave up, and another one gets its permit after {passed:.1} s instead of \
                 {expected:.1} s."
            ));
        }
    }
    Ok(())
}

/// A runtime may poll the callers in any order, and it may poll one that can't go on. So those that came later are polled first
/// whenever there's a permit.
async fn in_order() -> Result<(), String> {
    let limiter = RateLimiter::new(1, SECOND);
    acquire(&limiter).await?;
    let mut callers: VecDeque<_> = (1..=3).map(|number| (number, Box::pin(limiter.acquire()))).collect();
    for (_, caller) in &mut callers {
        if poll(caller.as_mut()).await.is_ready() {
            return Err("The only permit was taken, and another caller gets one at once.".to_owned());
        }
    }
    for number in 1..=4 {
        // Timers are rounded to the next millisecond.
        advance(SECOND + SECOND / 100).await;
        if number == 1 {
            callers.push_back((4, Box::pin(limiter.acquire())));
        }
        for (later, caller) in callers.range_mut(1..).rev() {
            if poll(caller.as_mut()).await.is_ready() {
                return Err(format!(
                    "{} gets a permit before {}, who came earlier.",
                    nth(*later),
                    nth(number).to_lowercase()
                ));
            }
        }
        let Some((_, first)) = callers.pop_front() else { break };
        if timeout(SECOND / 2, first).await.is_err() {
            return Err(format!("{} has waited for its permit for {number} s, and doesn't get it.", nth(number)));
        }
    }
    Ok(())
}

/// Polls a future once.
async fn poll<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
