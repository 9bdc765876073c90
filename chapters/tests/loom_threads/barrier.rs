use super::*;
use crate::broken::barrier_ as broken;
use crate::errors::Broken;
use crate::threads::Barrier;

type Wait = fn(&Barrier) -> Result<usize, Broken>;

fn wait_timeout(barrier: &Barrier) -> Result<usize, Broken> {
    barrier.wait_timeout(LONG)
}

/// Two parties meet in each round. The indices differ, and the action has run before either party goes on.
fn parties_meet(rounds: usize, preemptions: Option<usize>, wait: Wait) {
    explore(&format!("barrier: 2 parties, {rounds} rounds"), preemptions, move || {
        let acted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&acted);
        let barrier = Arc::new(Barrier::with_action(2, move || _ = counter.fetch_add(1, Relaxed)));
        let party = move |barrier: &Barrier| -> Vec<usize> {
            let round = |round: usize| {
                let index = wait(barrier).expect("the barrier isn't broken");
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

/// One party waits, and the other one arrives with a timeout: both pass, or both get an error.
fn a_timeout_is_for_both(other: Wait) {
    explore_outcomes("barrier: a timeout", 3, &[false, true], move || {
        let barrier = Arc::new(Barrier::new(2));
        let timed = start(&barrier, move |barrier| other(barrier).is_ok());
        let clock = thread::spawn(time_passes);
        let passed = barrier.wait().is_ok();
        assert_eq!(timed.join().unwrap(), passed);
        assert_eq!(barrier.is_broken(), !passed);
        clock.join().unwrap();
        passed
    });
}

/// A party waits while another thread ends the round. It never passes, and never waits forever.
fn a_lone_party_gets_an_error(name: &str, end: fn(&Barrier)) {
    explore(&format!("barrier: {name}"), 3, move || {
        let barrier = Arc::new(Barrier::new(2));
        let party = start(&barrier, |barrier| (barrier.n_waiting(), barrier.wait()));
        end(&barrier);
        barrier.abort(); // for a party that arrived after `end`
        assert_eq!(party.join().unwrap(), (0, Err(Broken)));
    });
}

#[test]
fn two_parties_meet() {
    parties_meet(1, None, Barrier::wait);
}

#[test]
fn two_parties_meet_again() {
    parties_meet(2, Some(4), Barrier::wait);
}

#[test]
fn a_timeout_breaks_the_barrier_for_both() {
    a_timeout_is_for_both(wait_timeout);
}

#[test]
fn abort_and_reset_end_the_wait() {
    a_lone_party_gets_an_error("abort", Barrier::abort);
    a_lone_party_gets_an_error("reset", Barrier::reset);
}

/// Two parties with timeouts, and a reset: both pass, or neither.
#[test]
fn a_reset_round_is_over() {
    explore_outcomes("barrier: a reset and timeouts", 3, &[false, true], move || {
        let barrier = Arc::new(Barrier::new(2));
        let parties = [(); 2].map(|()| start(&barrier, |barrier| barrier.wait_timeout(LONG).is_ok()));
        barrier.reset();
        time_passes();
        let [first, second] = parties.map(|party| party.join().unwrap());
        assert_eq!(first, second);
        barrier.reset();
        assert_eq!((barrier.is_broken(), barrier.n_waiting()), (false, 0));
        first
    });
}

/// One party arrives again while the other one may not have left yet, and its timeout expires.
#[test]
fn a_timeout_ends_the_next_round() {
    explore_outcomes("barrier: a timeout while draining", 2, &[false, true], move || {
        let barrier = Arc::new(Barrier::new(2));
        let other = start(&barrier, Barrier::wait);
        assert!(barrier.wait().is_ok());
        let clock = thread::spawn(time_passes);
        assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
        assert!(barrier.is_broken());
        let outcome = other.join().unwrap().is_ok();
        clock.join().unwrap();
        outcome
    });
}

mod without {
    use super::*;

    #[test]
    fn draining_a_party_enters_the_previous_round() {
        fails("deadlock", || parties_meet(2, Some(3), broken::wait_without_draining));
    }

    #[test]
    fn breaking_the_barrier_the_other_party_waits_forever() {
        fails("deadlock", || a_timeout_is_for_both(broken::wait_timeout_without_breaking));
    }
}
