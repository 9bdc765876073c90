use std::time::Instant;

use super::*;
use crate::errors::Broken;
use crate::threads::barrier::{Phase, Round};

#[test]
#[should_panic = "at least one party"]
fn a_barrier_for_no_party_is_refused() {
    Barrier::new(0);
}

#[test]
fn a_reset_right_after_an_abort_repairs_the_barrier() {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
        until(|| barrier.n_waiting() == 1);
        barrier.abort();
        barrier.reset(); // perhaps before the other party has left
        assert_eq!(waiting.join().unwrap(), Err(Broken));
    });
    assert!(!barrier.is_broken());
}

#[test]
fn a_timeout_also_expires_while_the_previous_round_drains() {
    for phase in [Phase::Draining, Phase::Resetting] {
        let barrier = Barrier::new(2);
        // As if one party of the previous round hadn't run yet.
        *barrier.round.acquire() = Round { phase, inside: 1 };
        thread::scope(|scope| {
            let late = scope.spawn(|| barrier.wait_timeout(SHORT));
            let end = Instant::now() + LONG;
            until(|| late.is_finished() || Instant::now() > end);
            let expired = barrier.is_broken();
            barrier.abort(); // ends the wait in any case
            assert!(expired, "the timeout expires");
            assert_eq!(late.join().unwrap(), Err(Broken));
        });
    }
}

#[test]
fn debug_output_shows_the_phase() {
    let barrier = Barrier::new(2);
    assert!(format!("{barrier:?}").contains("phase: Filling"));
    barrier.abort();
    assert!(format!("{barrier:?}").contains("phase: Broken"));
}
