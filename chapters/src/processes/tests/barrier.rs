use std::sync::atomic::AtomicUsize;
use std::thread;

use super::*;

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(1);

fn memory(parties: usize) -> Arc<Shared> {
    Arc::new(Shared::new(Barrier::words(parties)).unwrap())
}

fn of(parties: usize) -> Barrier {
    Barrier::new(&memory(parties), parties).unwrap()
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

#[test]
fn every_round_has_each_index_once_and_the_action_comes_first() {
    const ROUNDS: usize = 100;
    let acted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&acted);
    let count = move || _ = counter.fetch_add(1, Ordering::Relaxed);
    let barrier = Barrier::with_action(&memory(3), 3, count).unwrap();
    let indices: Vec<Vec<usize>> = thread::scope(|scope| {
        let party = || {
            let round = |round| {
                let index = barrier.wait_timeout(LONG).unwrap();
                assert!((round + 1..=round + 2).contains(&acted.load(Ordering::Relaxed)));
                index
            };
            (0..ROUNDS).map(round).collect()
        };
        let parties: Vec<_> = (0..3).map(|_| scope.spawn(party)).collect();
        parties.into_iter().map(|party| party.join().unwrap()).collect()
    });
    for round in 0..ROUNDS {
        let mut of_round: Vec<usize> = indices.iter().map(|party| party[round]).collect();
        of_round.sort();
        assert_eq!(of_round, [0, 1, 2]);
    }
    assert_eq!(acted.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn one_party_waits_for_nobody() {
    let barrier = of(1);
    assert_eq!(barrier.wait(), Ok(0));
    assert_eq!(barrier.wait_timeout(Duration::ZERO), Ok(0));
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
#[should_panic = "at least one party"]
fn no_party_at_all_is_a_mistake() {
    let _ = Barrier::new(&memory(0), 0);
}

#[test]
fn a_timeout_breaks_it_for_all() {
    let barrier = of(3);
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until(|| barrier.n_waiting() == 1);
        assert_eq!(barrier.wait_timeout(SHORT), Err(Broken));
        assert_eq!(other.join().unwrap(), Err(Broken));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
}

#[test]
fn a_reset_sends_those_away_who_wait_and_a_new_round_begins() {
    let barrier = of(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
        until(|| barrier.n_waiting() == 1);
        barrier.reset();
        assert_eq!(waiting.join().unwrap(), Err(Broken));
        assert!(!barrier.is_broken());
        let next = scope.spawn(|| barrier.wait_timeout(LONG));
        let index = barrier.wait_timeout(LONG).unwrap();
        assert_eq!(next.join().unwrap().unwrap() + index, 1);
    });
}

#[test]
fn an_aborted_one_is_repaired_by_a_reset() {
    let barrier = of(2);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
        until(|| barrier.n_waiting() == 1);
        barrier.abort();
        barrier.reset(); // perhaps before the other one has gone
        assert_eq!(waiting.join().unwrap(), Err(Broken));
    });
    assert!(!barrier.is_broken());
    barrier.abort();
    assert_eq!((barrier.is_broken(), barrier.n_waiting()), (true, 0));
    barrier.reset();
    assert!(!barrier.is_broken());
}

#[test]
fn a_panic_in_the_action_breaks_it() {
    let action = || panic::resume_unwind(Box::new("in the action"));
    let barrier = Barrier::with_action(&memory(2), 2, action).unwrap();
    thread::scope(|scope| {
        let party = || panic::catch_unwind(AssertUnwindSafe(|| barrier.wait_timeout(LONG)));
        let other = scope.spawn(party);
        let ends = [party(), other.join().unwrap()];
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        assert_eq!(ends.iter().filter(|end| matches!(end, Ok(Err(Broken)))).count(), 1);
    });
    assert!(barrier.is_broken());
    barrier.reset();
    assert!(!barrier.is_broken());
}

/// Returns the holder word of a thread that has ended.
fn dead() -> u64 {
    let dead = thread::spawn(Holder::this_thread).join().unwrap();
    until(|| dead.is_dead());
    dead.word()
}

#[test]
fn a_party_that_dies_while_it_waits_breaks_it() {
    let barrier = of(3);
    barrier.put(1, dead() | INSIDE);
    assert_eq!(barrier.n_waiting(), 1);
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
    assert!(barrier.is_broken());
    barrier.reset();
    assert_eq!(barrier.n_waiting(), 0);
    assert_eq!(*barrier.phase.acquire(), FILLING);
}

#[test]
fn a_party_that_died_since_the_last_round_breaks_it() {
    let barrier = of(2);
    barrier.put(0, dead());
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
    barrier.reset();
    assert_eq!(barrier.wait_timeout(SHORT), Err(Broken), "nobody is there");
}

#[test]
fn a_party_that_dies_before_it_has_gone_holds_nobody_up() {
    for (phase, next) in [(DRAINING, BROKEN), (RESETTING, FILLING)] {
        let barrier = of(2);
        *barrier.phase.acquire() = phase;
        barrier.put(0, dead() | INSIDE);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| barrier.wait_timeout(LONG));
            until(|| barrier.n_waiting() == 1 || barrier.is_broken());
            if next == FILLING {
                assert!(barrier.wait_timeout(LONG).is_ok());
            }
            assert_eq!(waiting.join().unwrap().is_ok(), next == FILLING);
        });
    }
}

#[test]
fn the_last_party_may_die_before_the_round_turns() {
    let barrier = of(2);
    barrier.put(0, dead() | INSIDE);
    barrier.put(1, dead() | INSIDE);
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
    barrier.reset();
    assert!(!barrier.is_broken());
}

#[test]
fn a_timeout_counts_while_the_last_round_drains() {
    let barrier = of(2);
    *barrier.phase.acquire() = DRAINING;
    barrier.put(0, Holder::this_process().word() | INSIDE);
    assert_eq!(barrier.wait_timeout(SHORT), Err(Broken));
    assert!(barrier.is_broken(), "as after an abort");
    barrier.leave(barrier.phase.acquire(), 0);
    assert!(barrier.is_broken());
    barrier.reset();
    assert_eq!(*barrier.phase.acquire(), FILLING);
}

#[test]
fn a_phase_that_no_process_writes_is_a_broken_barrier() {
    for nonsense in [BROKEN + 1, 1 << 40, u64::MAX] {
        let barrier = of(2);
        *barrier.phase.acquire() = nonsense;
        assert_eq!((barrier.wait(), barrier.is_broken()), (Err(Broken), true));
        barrier.reset();
        assert!(!barrier.is_broken());
    }
}

#[test]
fn memory_without_a_barrier_is_an_error() {
    let memory = memory(2);
    let place = memory.place(Barrier::words(2)).unwrap();
    assert!(Barrier::at(&memory, place).is_err());
}

#[test]
fn garbage_in_place_of_a_party_is_a_dead_party() {
    for garbage in [INSIDE, 1 << 22, 1 << 40 | INSIDE, u64::MAX] {
        let barrier = of(3);
        barrier.put(1, garbage);
        let begin = Instant::now();
        assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
        assert!(begin.elapsed() < LONG, "{garbage:x} is waited for");
        barrier.reset();
        assert_eq!((barrier.n_waiting(), barrier.is_broken()), (0, false));
    }
}
