//! Twelve downloads in a `JoinSet`: the first error cancels the others, and the program waits until all have ended.

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

async fn download(number: u64) -> Result<u64, String> {
    sleep(Duration::from_millis(100 * number)).await;
    if number == 3 {
        return Err(format!("download {number}: connection reset"));
    }
    Ok(number)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    // ANCHOR: group
    let start = Instant::now();
    let mut downloads = JoinSet::new();
    for number in 1..=12 {
        downloads.spawn(download(number));
    }
    let (mut finished, mut canceled, mut errors) = (0, 0, Vec::new());
    while let Some(ended) = downloads.join_next().await {
        match ended {
            Ok(Ok(_)) => finished += 1,
            Ok(Err(error)) => errors.push(error),
            Err(error) if error.is_cancelled() => canceled += 1,
            Err(panic) => errors.push(panic.to_string()),
        }
        if !errors.is_empty() {
            downloads.abort_all();
        }
    }
    println!("{finished} finished, {canceled} canceled after {:.1} s", start.elapsed().as_secs_f64());
    // ANCHOR_END: group
    errors.iter().for_each(|error| eprintln!("error: {error}"));
    ExitCode::from(u8::from(!errors.is_empty()))
}
