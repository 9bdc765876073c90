//! `RLock`: `threading.RLock`, `multiprocessing.RLock`. asyncio has none.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{LONG, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => rlock_counts, rlock_is_its_owners_to_try, rlock_gives_way_to_one_of_those_who_wait,
        rlock_can_change_hands, rlock_of_the_dead_is_free;
    MORTAL => rlock_passes_by_one_who_ended_while_waiting;
    &[Kind::Process] => rlock_tells_the_next_owner_that_the_last_was_killed;
}

/// Python has an error for releasing what one does not own. Here only a guard releases, and only owners have one.
fn rlock_counts(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    bob.does(Do::IsLocked, Is(false));
    for _ in 0..3 {
        ann.does(Do::Acquire, Acquired);
    }
    bob.must_wait(Do::Acquire);
    for _ in 0..2 {
        ann.does(Do::Release, Done);
        ann.does(Do::IsLocked, Is(true));
        bob.waits();
    }
    ann.does(Do::Release, Done);
    bob.answers(Acquired);
    ann.does(Do::TryAcquire, Refused);
    bob.does(Do::Release, Done);
    ann.does(Do::IsLocked, Is(false));
}

fn rlock_is_its_owners_to_try(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    ann.does(Do::TryAcquire, Acquired);
    ann.does(Do::AcquireTimeout(0), Acquired);
    ann.does(Do::TryAcquire, Acquired);
    bob.does(Do::TryAcquire, Refused);
    bob.does(Do::AcquireTimeout(0), Refused);
    bob.times_out(10, Do::AcquireTimeout(10), Refused);
    for _ in 0..3 {
        bob.does(Do::TryAcquire, Refused);
        ann.does(Do::Release, Done);
    }
    bob.does(Do::AcquireTimeout(0), Acquired);
}

fn rlock_gives_way_to_one_of_those_who_wait(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::AcquireTimeout(LONG));
    ann.does(Do::Release, Done);
    bob.waits();
    cid.waits();
    ann.does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
    ann.does(Do::TryAcquire, Acquired);
}

fn rlock_can_change_hands(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    for (owner, other) in [(ann, bob), (bob, ann), (ann, bob)] {
        owner.does(Do::Acquire, Acquired);
        owner.does(Do::Acquire, Acquired);
        other.does(Do::TryAcquire, Refused);
        owner.does(Do::Release, Done);
        other.does(Do::TryAcquire, Refused);
        owner.does(Do::Release, Done);
    }
}

/// In Python too where an exception leaves a `with` block. Where the owner was a process that was killed, the lock stays
/// locked for ever.
fn rlock_of_the_dead_is_free(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    let answer = bob.finishes();
    assert!(matches!(answer, Acquired | AcquiredAbandoned), "{answer:?}");
    bob.does(Do::Acquire, Acquired);
}

/// Threads and coroutines are told by a `Lock` alone: an `RLock` guards no value that could be half changed.
fn rlock_tells_the_next_owner_that_the_last_was_killed(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    bob.answers(AcquiredAbandoned);
    bob.does(Do::Release, Done);
    bob.does(Do::Acquire, Acquired);
}

fn rlock_passes_by_one_who_ended_while_waiting(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::Acquire);
    bob.is_ended();
    ann.does(Do::Release, Done);
    cid.answers(Acquired);
}
