//! How long a coroutine may keep the event loop to itself.

use std::time::{Duration, Instant};

use tokio::task;

/// The time for which a coroutine may run before it yields to the other tasks of its event loop.
const LENGTH: Duration = Duration::from_millis(1);

/// The current time slice of a coroutine that can run for long without waiting.
///
/// The operating system takes the core away from a thread when its time slice is over. An event loop can't do that, so
/// a coroutine has to yield by itself. Tokio's own channels and locks do it after 128 operations (the coop budget); other
/// crates' don't.
///
/// ```
/// use std::time::Instant;
///
/// use chapters::coroutines::TimeSlice;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut slice = TimeSlice::starting(Instant::now());
/// for number in 0..1000_u64 {
///     std::hint::black_box(number.pow(2));
///     slice.yield_if_over(Instant::now()).await;
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct TimeSlice {
    end: Instant,
}

impl TimeSlice {
    /// A time slice that starts at `now`.
    pub fn starting(now: Instant) -> Self {
        Self { end: now + LENGTH }
    }

    /// Lets the other tasks run and starts the next time slice, if more than a millisecond has passed at `now` since
    /// this one started. If it is canceled, the slice goes on.
    pub async fn yield_if_over(&mut self, now: Instant) {
        if now > self.end {
            task::yield_now().await;
            *self = Self::starting(Instant::now());
        }
    }
}
