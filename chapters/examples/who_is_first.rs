//! A question in the book: in which order does it print these lines? `cargo run --example who_is_first`.

use tokio::task;

// ANCHOR: question
async fn say(name: &str) {
    println!("{name}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _third = say("third");
    let first = task::spawn(say("first"));
    let second = task::spawn(say("second"));
    println!("main");
    second.await.unwrap();
    first.await.unwrap();
    println!("end");
}
// ANCHOR_END: question
