//! Checks `scope`, on a clock that jumps to the next timer when all tasks wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use checks::gate::polled_at_most;
use checks::{Check, Checks, threads};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::scope::{self, Scope};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The body spawns children of 1 s, 2 s, and 3 s.", || run(children)),
    Check::new("A child spawns a grandchild.", || run(grandchildren)),
    Check::new("One of three children fails after 1 s.", || run(fails)),
    Check::new("A child panics.", || run(panics)),
    Check::new("The body fails, and it has a child.", || run(body_fails)),
    Check::new("The scope is dropped after 1 s.", || run(dropped)),
    Check::new("A child takes an hour.", || run(idle)),
]);

/// Runs a check, which takes next to no processor time unless some task polls: as long as a task can run, the clock stands still.
fn run<F: Future<Output = Result<(), String>> + 'static>(check: fn() -> F) -> Result<(), String> {
    let checked = threads::ends("The scope", move || {
        let clock = Builder::new_current_thread().enable_time().start_paused(true).build();
        clock.map_err(|error| error.to_string())?.block_on(check())
    });
    checked.map_err(|why| match why.contains("doesn't end") {
        true => format!("{why} All tasks should be waiting, so one of them polls instead of waiting."),
        false => why,
    })?
}

/// A child that takes some seconds, and owns a share of `alive` as long as it exists.
async fn child(seconds: u64, result: Result<(), &'static str>, alive: Arc<()>) -> Result<(), String> {
    sleep(Duration::from_secs(seconds)).await;
    drop(alive);
    result.map_err(str::to_owned)
}

/// Runs a scope. As long as a task polls, the clock stands still, so it would never end.
async fn scope<B>(body: impl FnOnce(Scope) -> B) -> Result<(), String>
where
    B: Future<Output = Result<(), String>> + Send + 'static,
{
    polled_at_most(100, "The scope", scope::scope(body)).await
}

async fn children() -> Result<(), String> {
    let (start, alive) = (Instant::now(), Arc::new(()));
    let shares = [(); 3].map(|()| Arc::clone(&alive));
    let result = scope(|scope: Scope| async move {
        (1..).zip(shares).for_each(|(seconds, alive)| scope.spawn(child(seconds, Ok(()), alive)));
        Ok(())
    });
    let result = result.await;
    let (time, left) = (start.elapsed().as_secs(), Arc::strong_count(&alive) - 1);
    match (result, time, left) {
        (Err(error), ..) => Err(format!("No child fails, and the scope ends with the error {error:?}.")),
        (_, 3, 0) => Ok(()),
        (_, time, 0) if time < 3 => Err(format!("A child takes 3 s, and it was gone after {time} s, before it ended.")),
        (_, time, 0) => Err(format!("Children of 1 s, 2 s, and 3 s took {time} s: they should run at the same time.")),
        (_, time, left) => {
            Err(format!("The scope has returned after {time} s, and {left} of its 3 children hadn't ended."))
        }
    }
}

async fn grandchildren() -> Result<(), String> {
    let (start, alive) = (Instant::now(), Arc::new(()));
    let share = Arc::clone(&alive);
    let result = scope(|outer: Scope| async move {
        let inner = outer.clone();
        outer.spawn(async move {
            sleep(Duration::from_secs(1)).await;
            inner.spawn(child(1, Ok(()), share));
            Ok(())
        });
        Ok(())
    });
    let result = result.await;
    if Arc::strong_count(&alive) > 1 || start.elapsed().as_secs() != 2 {
        let time = start.elapsed().as_secs();
        return Err(format!("A grandchild runs from 1 s to 2 s, and the scope has returned after {time} s."));
    }
    result.map_err(|error| format!("No child fails, and the scope ends with the error {error:?}."))
}

async fn fails() -> Result<(), String> {
    let (start, alive) = (Instant::now(), Arc::new(()));
    let shares = [(); 3].map(|()| Arc::clone(&alive));
    let result = scope(|scope: Scope| async move {
        let ends = [(1, Err("the first error")), (2, Err("the second error")), (9, Ok(()))];
        shares.into_iter().zip(ends).for_each(|(alive, (seconds, end))| scope.spawn(child(seconds, end, alive)));
        Ok(())
    });
    let result = result.await;
    let (time, left) = (start.elapsed().as_secs(), Arc::strong_count(&alive) - 1);
    if result != Err("the first error".to_owned()) {
        return Err(format!(
            "A child failed after 1 s, so the first error is \"the first error\", and the scope ends with {result:?}."
        ));
    }
    if time > 1 {
        return Err(format!(
            "A child failed after 1 s, and the others take another {} s: they should be canceled.",
            time - 1
        ));
    }
    match left {
        0 => Ok(()),
        1 => Err("The scope has returned the error, and a canceled child still exists.".to_owned()),
        left => Err(format!("The scope has returned the error, and {left} canceled children still exist.")),
    }
}

async fn panics() -> Result<(), String> {
    let alive = Arc::new(());
    let share = Arc::clone(&alive);
    let result = scope(|scope: Scope| async move {
        scope.spawn(async {
            checks::expect_panic();
            panic!("a bad child");
        });
        child(5, Ok(()), share).await
    });
    match result.await {
        Ok(()) => Err("A child panicked, and the scope returns no error.".to_owned()),
        Err(_) if Arc::strong_count(&alive) > 1 => Err("A child panicked, and the body still exists.".to_owned()),
        Err(_) => Ok(()),
    }
}

async fn body_fails() -> Result<(), String> {
    let alive = Arc::new(());
    let share = Arc::clone(&alive);
    let result = scope(|scope: Scope| async move {
        scope.spawn(child(5, Ok(()), share));
        yield_now().await;
        Err("the body failed".to_owned())
    });
    let result = result.await;
    if Arc::strong_count(&alive) > 1 {
        return Err("The body failed, the scope has returned, and a child still exists.".to_owned());
    }
    match result {
        Err(error) if error == "the body failed" => Ok(()),
        result => Err(format!("The body failed, and the scope ends with {result:?}.")),
    }
}

async fn dropped() -> Result<(), String> {
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let whole = scope(|scope: Scope| async move {
        let mine = scope.clone();
        scope.spawn(async move {
            let _mine = mine;
            sleep(Duration::from_secs(2)).await;
            counted.fetch_add(1, SeqCst);
            Ok(())
        });
        Ok(())
    });
    if timeout(Duration::from_secs(1), whole).await.is_ok() {
        return Err("The scope has returned after less than 1 s, and a child takes 2 s.".to_owned());
    }
    sleep(Duration::from_secs(5)).await;
    match ran.load(SeqCst) {
        0 => Ok(()),
        _ => Err("The scope was dropped after 1 s, and its child went on.".to_owned()),
    }
}

async fn idle() -> Result<(), String> {
    let alive = Arc::new(());
    scope(|scope: Scope| async move {
        scope.spawn(child(3600, Ok(()), alive));
        Ok(())
    })
    .await
}
