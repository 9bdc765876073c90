use super::*;
use crate::broken::barrier_ as broken;
use crate::errors::Broken;
use crate::threads::Barrier;

type Wait = fn(&Barrier) -> Result<usize, Broken>;

fn wait_timeout(barrier: &Barrier) -> Result<usize, Broken> {
    barrier.wait_timeout(LONG)
}

/// Two parties meet in each round: each index is there once, and the action has run before anybody goes on.
fn parties_meet(rounds: usize, preemptions: Option<usize>, wait: Wait) {
    explore(&format!("barrier: 2 parties, {rounds} rounds"), preemptions, move || {
        let acted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&acted);
        let barrier = Arc::new(Barrier::with_action(2, move || _ = counter.fetch_add(1, Relaxed)));
        let party = move |barrier: &Barrier| -> Vec<usize> {
            let round = |round: usize| {
                let index = wait(barrier).expect("the barrier is whole");
                let acted = acted.load(Relaxed);
                assert!((round + 1..=rounds).contains(&acted), "round {round} after {acted} actions");
                index
            };
            (0..rounds).map(round).collect()
        };
        let other = start(&barrier, party.clone());
        let mine = party(&barrier);
        let others = other.join().unwrap();
        assert!(mine.iter().zip(&others).all(|(mine, other)| mine + other == 1), "{mine:?} and {others:?}");
        assert_eq!(barrier.n_waiting(), 0);
    });
}

/// One party waits, the other one comes, in time or not: both pass, or both find the barrier broken.
fn a_timeout_is_for_both(other: Wait) {
    let passed = Seen::default();
    let seen = passed.clone();
    explore("barrier: a timeout", 3, move || {
        let barrier = Arc::new(Barrier::new(2));
        let timed = start(&barrier, move |barrier| other(barrier).is_ok());
        let clock = thread::spawn(time_passes);
        let passed = barrier.wait().is_ok();
        seen.note(passed);
        assert_eq!(timed.join().unwrap(), passed);
        assert_eq!(barrier.is_broken(), !passed);
        clock.join().unwrap();
    });
    passed.both();
}

/// A party waits while another one ends the round: it passes never, and is left waiting never.
fn a_lonely_party_is_told(name: &str, end: fn(&Barrier)) {
    explore(&format!("barrier: {name}"), 3, move || {
        let barrier = Arc::new(Barrier::new(2));
        let party = start(&barrier, |barrier| (barrier.n_waiting(), barrier.wait()));
        end(&barrier);
        barrier.abort(); // for a party that came after the end
        assert_eq!(party.join().unwrap(), (0, Err(Broken)));
    });
}

#[test]
fn two_parties_meet() {
    parties_meet(1, None, Barrier::wait);
}

#[test]
fn two_parties_meet_again() {
    parties_meet(2, Some(2), Barrier::wait);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn two_parties_meet_again_in_more_orders() {
    parties_meet(2, Some(4), Barrier::wait);
}

#[test]
fn a_timeout_breaks_it_for_both() {
    a_timeout_is_for_both(wait_timeout);
}

#[test]
fn who_waits_is_told_of_the_end() {
    a_lonely_party_is_told("abort", Barrier::abort);
    a_lonely_party_is_told("reset", Barrier::reset);
}

/// Parties meet, or the reset sends one away, and the time of the other one passes: never does one pass alone.
fn nobody_passes_alone(preemptions: usize) {
    let met = Seen::default();
    let seen = met.clone();
    explore("barrier: a reset and timeouts", preemptions, move || {
        let barrier = Arc::new(Barrier::new(2));
        let parties = [(); 2].map(|()| start(&barrier, |barrier| barrier.wait_timeout(LONG).is_ok()));
        barrier.reset();
        time_passes();
        let [first, second] = parties.map(|party| party.join().unwrap());
        assert_eq!(first, second);
        seen.note(first);
        barrier.reset();
        assert_eq!((barrier.is_broken(), barrier.n_waiting()), (false, 0));
    });
    met.both();
}

#[test]
fn a_reset_round_is_over() {
    nobody_passes_alone(2);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn a_reset_round_is_over_in_more_orders() {
    nobody_passes_alone(3);
}

mod without {
    use super::*;

    #[test]
    fn draining_a_party_runs_into_the_last_round() {
        fails("deadlock", || parties_meet(2, Some(3), broken::wait_without_draining));
    }

    #[test]
    fn breaking_it_the_other_one_is_left() {
        fails("deadlock", || a_timeout_is_for_both(broken::wait_timeout_without_breaking));
    }
}
