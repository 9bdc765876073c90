//! Checks `prompt`: a job waits, on its thread, for an action of a coroutine beside it.

use checks::{Check, Checks};
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task;

use super::prompt::{Job, answer};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("A job waits for something that a coroutine does.", check)]);

/// How long a job waits for the loop to continue. A loop that can continue needs almost none of it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The answer of a job that waited in vain.
const IN_VAIN: u64 = u64::MAX;

fn check() -> Result<(), String> {
    let runtime = Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    let (beat, heard) = mpsc::channel();
    let listener: Job = Box::new(move || {
        // Ignore messages that were sent before this job began.
        while heard.try_recv().is_ok() {}
        heard.recv_timeout(PATIENCE).map_or(IN_VAIN, |()| 1)
    });
    let jobs: Vec<Job> = vec![Box::new(|| 0), listener, Box::new(|| 2)];
    let answers = runtime.block_on(async {
        task::spawn(async move {
            while beat.send(()).is_ok() {
                task::yield_now().await;
            }
        });
        answer(jobs).await
    });
    match answers[..] {
        [0, 1, 2] => Ok(()),
        [0, IN_VAIN, 2] => Err("While a job ran, the coroutine beside it didn't run.".to_owned()),
        _ => Err(format!("The answers are {answers:?}, not [0, 1, 2].")),
    }
}
