//! `Lock`: `threading.Lock`, `multiprocessing.Lock`, `asyncio.Lock`.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Number, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => lock_lets_in_one_at_a_time, lock_refuses_actors_that_cannot_wait, lock_is_seen_by_others,
        lock_goes_to_one_of_the_waiters, lock_forgets_a_waiter_that_gave_up,
        lock_of_a_dead_holder_is_reported_as_abandoned;
    MORTAL => lock_skips_a_waiter_that_ended;
    &[Kind::Coroutine] => lock_is_acquired_in_order_of_arrival;
    &[Kind::Process] => lock_discards_the_changes_of_a_dead_holder;
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

/// Python: a negative timeout is a `ValueError`; the type excludes it here.
fn lock_refuses_actors_that_cannot_wait(stage: &Stage) {
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

/// Python added `locked()` to `multiprocessing.Lock` in 3.14.
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

fn lock_goes_to_one_of_the_waiters(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::AcquireTimeout(LONG));
    ann.does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    ann.does(Do::IsLocked, Is(false));
}

fn lock_forgets_a_waiter_that_gave_up(stage: &Stage) {
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

/// Python doesn't report it. If the holder was a process, the lock stays locked forever.
fn lock_of_a_dead_holder_is_reported_as_abandoned(stage: &Stage) {
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

fn lock_skips_a_waiter_that_ended(stage: &Stage) {
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

/// asyncio promises the order; the other modules don't.
fn lock_is_acquired_in_order_of_arrival(stage: &Stage) {
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

fn lock_discards_the_changes_of_a_dead_holder(stage: &Stage) {
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
