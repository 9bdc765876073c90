//! Begins the second future when the first one is ready.
//! Refused: polled 0 times

/// Runs both futures at the same time, and returns both outputs.
pub async fn join<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    (first.await, second.await)
}
