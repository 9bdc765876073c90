use super::*;

#[test]
#[should_panic = "at least one party"]
fn a_barrier_for_no_party_is_refused() {
    Barrier::new(0);
}

#[test]
fn a_reset_does_not_break_a_complete_round() {
    on_both_runtimes(async || {
        let barrier = Barrier::new(2);
        let second = async {
            let passed = barrier.wait().await;
            barrier.reset(); // before the first party runs
            passed
        };
        assert_eq!(tokio::join!(barrier.wait(), second), (Ok(0), Ok(1)));
    });
}
