//! Spinning: see [`std::hint`].

/// Lets other threads run: see [`std::hint::spin_loop`]. Like [`yield_now`](super::thread::yield_now), it goes on when
/// another thread has changed something.
#[track_caller]
pub fn spin_loop() {
    super::thread::yield_now();
}
