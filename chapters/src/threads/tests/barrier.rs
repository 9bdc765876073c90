use super::*;

#[test]
#[should_panic = "at least one party"]
fn a_barrier_for_no_party_is_refused() {
    Barrier::new(0);
}

#[test]
fn debug_output_shows_the_phase() {
    let barrier = Barrier::new(2);
    assert!(format!("{barrier:?}").contains("phase: Filling"));
    barrier.abort();
    assert!(format!("{barrier:?}").contains("phase: Broken"));
}
