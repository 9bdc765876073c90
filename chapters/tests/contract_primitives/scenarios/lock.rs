//! `Lock`: `threading.Lock`, `multiprocessing.Lock`, `asyncio.Lock`.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Number, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => lock_lets_in_one_at_a_time, lock_refuses_whoever_cannot_wait, lock_is_seen_by_others,
        lock_gives_way_to_one_of_those_who_wait, lock_forgets_whoever_gave_up, lock_of_the_dead_goes_to_the_next_who_is_told;
    MORTAL => lock_passes_by_one_who_ended_while_waiting;
    &[Kind::Coroutine] => lock_is_had_in_the_order_of_asking;
    &[Kind::Process] => lock_keeps_no_change_of_one_who_died;
}

fn lock_lets_in_one_at_a_time(stage: &Stage) {
    let all: [Actor; 4] = stage.actors(Subject::Lock);
    for actor in all {
        actor.begins(Do::Count(100));
    }
    for actor in all {
        actor.answers(Done);
    }
    all[0].does(Do::Acquire, Acquired);
    all[0].does(Do::Read, Number(400));
}

/// Python: a negative timeout is a `ValueError`; there is none here.
fn lock_refuses_whoever_cannot_wait(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    ann.does(Do::TryAcquire, Acquired);
    ann.does(Do::TryAcquire, Refused);
    bob.does(Do::TryAcquire, Refused);
    bob.does(Do::AcquireTimeout(0), Refused);
    bob.times_out(10, Do::AcquireTimeout(10), Refused);
    ann.does(Do::Release, Done);
    bob.does(Do::AcquireTimeout(0), Acquired);
    bob.does(Do::Release, Done);
    ann.does(Do::AcquireTimeout(10), Acquired);
}

/// Python's `multiprocessing.Lock` has no `locked()` before 3.14.
fn lock_is_seen_by_others(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    bob.does(Do::IsLocked, Is(false));
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::IsLocked, Is(true));
    bob.does(Do::IsLocked, Is(true));
    ann.does(Do::Release, Done);
    bob.does(Do::IsLocked, Is(false));
    ann.does(Do::IsLocked, Is(false));
}

fn lock_gives_way_to_one_of_those_who_wait(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::AcquireTimeout(LONG));
    ann.does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    ann.does(Do::IsLocked, Is(false));
}

fn lock_forgets_whoever_gave_up(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    cid.must_wait(Do::Acquire);
    bob.times_out(10, Do::AcquireTimeout(10), Refused);
    ann.does(Do::Release, Done);
    cid.answers(Acquired);
    cid.does(Do::Release, Done);
    ann.does(Do::IsLocked, Is(false));
    ann.does(Do::TryAcquire, Acquired);
}

/// Python tells nobody. Where the holder was a process, the lock stays locked for ever.
fn lock_of_the_dead_goes_to_the_next_who_is_told(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    bob.answers(AcquiredAbandoned);
    bob.does(Do::Release, Done);
    cid.does(Do::Acquire, Acquired);
    cid.does(Do::Die, Died);
    bob.does(Do::AcquireTimeout(LONG), AcquiredAbandoned);
    bob.does(Do::Release, Done);
    bob.does(Do::Acquire, Acquired);
}

fn lock_passes_by_one_who_ended_while_waiting(stage: &Stage) {
    let [ann, bob, cid, dee] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::Acquire);
    dee.must_wait(Do::AcquireTimeout(LONG));
    bob.is_ended();
    dee.is_ended();
    ann.does(Do::Release, Done);
    cid.answers(Acquired);
    cid.does(Do::Release, Done);
    ann.does(Do::Acquire, Acquired);
}

/// asyncio promises it, the others do not.
fn lock_is_had_in_the_order_of_asking(stage: &Stage) {
    let all: [Actor; 5] = stage.actors(Subject::Lock);
    all[0].does(Do::Acquire, Acquired);
    for actor in &all[1..] {
        actor.must_wait(Do::Acquire);
    }
    for pair in all.windows(2) {
        pair[0].does(Do::Release, Done);
        assert!(stage.one(&all, Acquired) == pair[1]);
    }
}

fn lock_keeps_no_change_of_one_who_died(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Write(1), Done);
    ann.does(Do::Release, Done);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Write(2), Done);
    ann.does(Do::Die, Died);
    bob.does(Do::Acquire, AcquiredAbandoned);
    bob.does(Do::Read, Number(1));
}
