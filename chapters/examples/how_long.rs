//! A question in the book: how many seconds do these waits take? `cargo run --example how_long`.
//!
//! Tokio's clock is paused, and jumps to the next timer when all tasks wait, so this program ends at once.

use std::time::Duration;

use tokio::task;
use tokio::time::{Instant, sleep};

// ANCHOR: question
async fn wait(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

async fn program() {
    let (start, one, two) = (Instant::now(), wait(1), wait(2));
    one.await;
    two.await;
    println!("awaited: {} seconds", start.elapsed().as_secs());

    let (start, one, two) = (Instant::now(), wait(1), wait(2));
    tokio::join!(one, two);
    println!("joined: {} seconds", start.elapsed().as_secs());

    let (start, one, two) = (Instant::now(), task::spawn(wait(1)), task::spawn(wait(2)));
    one.await.unwrap();
    two.await.unwrap();
    println!("spawned: {} seconds", start.elapsed().as_secs());
}
// ANCHOR_END: question

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    program().await;
}
