//! `Lock` and `RLock`, apart from `exclusive.rs`.

use super::{ANY, Kind, scenarios};
use crate::stage::{Actor, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Number, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => lock_is_seen_by_others, rlock_counts;
    &[Kind::Coroutine] => lock_is_acquired_in_order_of_arrival;
    &[Kind::Process] => lock_discards_the_changes_of_a_dead_holder;
}

/// The holder can't acquire it a second time. Python added `locked()` to `multiprocessing.Lock` in 3.14.
fn lock_is_seen_by_others(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    bob.does(Do::IsLocked, Is(false));
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::TryAcquire, Refused);
    ann.does(Do::IsLocked, Is(true));
    bob.does(Do::IsLocked, Is(true));
    ann.does(Do::Release, Done);
    bob.does(Do::IsLocked, Is(false));
    ann.does(Do::IsLocked, Is(false));
}

/// asyncio lacks an `RLock`. Python: releasing a lock that the caller doesn't own is a `RuntimeError`. Here, only owners
/// have a guard to drop.
fn rlock_counts(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::RLock);
    bob.does(Do::IsLocked, Is(false));
    for (owner, other) in [(ann, bob), (bob, ann), (ann, bob)] {
        owner.does(Do::Acquire, Acquired);
        owner.does(Do::TryAcquire, Acquired);
        owner.does(Do::AcquireTimeout(0), Acquired);
        other.does(Do::TryAcquire, Refused);
        other.must_wait(Do::Acquire);
        for _ in 0..2 {
            owner.does(Do::Release, Done);
            owner.does(Do::IsLocked, Is(true));
            other.waits();
        }
        owner.does(Do::Release, Done);
        other.answers(Acquired);
        owner.does(Do::TryAcquire, Refused);
        other.does(Do::Release, Done);
        owner.does(Do::IsLocked, Is(false));
    }
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
