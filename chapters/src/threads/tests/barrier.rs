use super::*;

#[test]
#[should_panic = "at least one party"]
fn a_barrier_for_no_party_is_refused() {
    Barrier::new(0);
}
