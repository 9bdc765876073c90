//! Twelve downloads whose handles are dropped: one of them fails, and the program doesn't notice.

// ANCHOR: program
use std::time::Duration;

use tokio::time::sleep;

async fn download(number: u64) -> Result<u64, String> {
    sleep(Duration::from_millis(100 * number)).await;
    if number == 3 {
        return Err(format!("download {number}: connection reset"));
    }
    Ok(number)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for number in 1..=12 {
        tokio::spawn(download(number));
    }
    sleep(Duration::from_secs(2)).await;
    println!("done");
}
// ANCHOR_END: program
