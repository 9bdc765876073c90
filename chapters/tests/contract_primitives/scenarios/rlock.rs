//! `RLock`: `threading.RLock`, `multiprocessing.RLock`. asyncio lacks one.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{LONG, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => rlock_counts, rlock_can_be_tried_by_its_owner, rlock_goes_to_one_of_the_waiters,
        rlock_can_change_hands, rlock_of_a_dead_owner_is_released;
    MORTAL => rlock_skips_a_waiter_that_ended;
    &[Kind::Process] => rlock_reports_that_the_last_owner_was_killed;
}

/// Python: releasing a lock that the caller doesn't own is a `RuntimeError`. Here, only owners have a guard to drop.
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

fn rlock_can_be_tried_by_its_owner(stage: &Stage) {
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

fn rlock_goes_to_one_of_the_waiters(stage: &Stage) {
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

/// Python: the same for an exception that leaves a `with` block. If the owner was a process that was killed, the lock
/// stays locked forever.
fn rlock_of_a_dead_owner_is_released(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    let answer = bob.finishes();
    assert!(matches!(answer, Acquired | AcquiredAbandoned), "{answer:?}");
    bob.does(Do::Acquire, Acquired);
}

/// With threads and coroutines, only a `Lock` reports it, because an `RLock` guards no value.
fn rlock_reports_that_the_last_owner_was_killed(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    bob.answers(AcquiredAbandoned);
    bob.does(Do::Release, Done);
    bob.does(Do::Acquire, Acquired);
}

fn rlock_skips_a_waiter_that_ended(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::RLock);
    ann.does(Do::Acquire, Acquired);
    bob.must_wait(Do::Acquire);
    cid.must_wait(Do::Acquire);
    bob.is_ended();
    ann.does(Do::Release, Done);
    cid.answers(Acquired);
}
