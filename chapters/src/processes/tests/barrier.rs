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
#[should_panic = "at least one party"]
fn no_party_at_all_is_a_mistake() {
    let _ = Barrier::new(&memory(0), 0);
}

/// Returns the holder word of a thread that has ended.
fn dead() -> u64 {
    let dead = thread::spawn(Holder::this_thread).join().unwrap();
    until(|| dead.is_dead());
    dead.word()
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
fn a_party_that_dies_while_it_leaves_blocks_no_other() {
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

/// This process hasn't left the round, which is complete or was reset. Python waits there without a timeout.
#[test]
fn a_timeout_breaks_it_while_a_round_is_left() {
    for phase in [DRAINING, RESETTING] {
        let barrier = of(2);
        *barrier.phase.acquire() = phase;
        barrier.put(0, Holder::this_process().word() | INSIDE);
        assert_eq!((barrier.wait_timeout(SHORT), barrier.is_broken()), (Err(Broken), true));
    }
}

#[test]
fn a_reset_repairs_it_before_a_waiting_party_has_left() {
    let barrier = of(2);
    barrier.put(0, Holder::this_process().word() | INSIDE);
    barrier.abort();
    barrier.reset();
    assert!(!barrier.is_broken());
    let phase = barrier.phase.acquire();
    assert_eq!(*phase, RESETTING);
    barrier.leave(phase, 0);
    assert_eq!(*barrier.phase.acquire(), FILLING);
}

#[test]
fn the_last_party_may_die_before_the_round_is_complete() {
    let barrier = of(2);
    barrier.put(0, dead() | INSIDE);
    barrier.put(1, dead() | INSIDE);
    assert_eq!(barrier.wait_timeout(LONG), Err(Broken));
    barrier.reset();
    assert!(!barrier.is_broken());
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
