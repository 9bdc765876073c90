//! `Lock`, `RLock`, `Semaphore` and `BoundedSemaphore`, as far as they are alike: one actor holds it, and the others wait.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{self, Acquired, AcquiredAbandoned, Died, Done, Refused};
use crate::words::{Do, Subject};

scenarios! {
    ANY => exclusive_refuses_actors_that_cannot_wait, exclusive_goes_to_one_of_the_waiters,
        exclusive_forgets_a_waiter_that_gave_up, lock_of_a_dead_holder_is_reported_as_abandoned,
        semaphore_permits_of_a_dead_holder_are_released;
    MORTAL => exclusive_skips_a_waiter_that_ended;
    &[Kind::Thread, Kind::Coroutine] => rlock_of_a_dead_owner_is_released;
    &[Kind::Process] => rlock_of_a_dead_owner_is_reported_as_abandoned;
}

const EXCLUSIVE: [Subject; 4] =
    [Subject::Lock, Subject::RLock, Subject::Semaphore { permits: 1 }, Subject::BoundedSemaphore { permits: 1 }];

/// Python: a negative timeout is a `ValueError`; the type excludes it here.
fn exclusive_refuses_actors_that_cannot_wait(stage: &Stage) {
    for subject in EXCLUSIVE {
        let [ann, bob] = stage.actors(subject);
        ann.does(Do::TryAcquire, Acquired);
        bob.does(Do::TryAcquire, Refused);
        bob.does(Do::AcquireTimeout(0), Refused);
        bob.times_out(10, Do::AcquireTimeout(10), Refused);
        ann.does(Do::Release, Done);
        bob.does(Do::AcquireTimeout(0), Acquired);
        bob.does(Do::Release, Done);
        ann.does(Do::AcquireTimeout(10), Acquired);
    }
}

fn exclusive_goes_to_one_of_the_waiters(stage: &Stage) {
    for subject in EXCLUSIVE {
        let [ann, bob, cid] = stage.actors(subject);
        ann.does(Do::Acquire, Acquired);
        bob.must_wait(Do::Acquire);
        cid.must_wait(Do::AcquireTimeout(LONG));
        ann.does(Do::Release, Done);
        stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
        stage.one(&[bob, cid], Acquired).does(Do::Release, Done);
        ann.does(Do::TryAcquire, Acquired);
    }
}

fn exclusive_forgets_a_waiter_that_gave_up(stage: &Stage) {
    for subject in EXCLUSIVE {
        let [ann, bob, cid] = stage.actors(subject);
        ann.does(Do::Acquire, Acquired);
        cid.must_wait(Do::Acquire);
        bob.times_out(10, Do::AcquireTimeout(10), Refused);
        ann.does(Do::Release, Done);
        cid.answers(Acquired);
        cid.does(Do::Release, Done);
        ann.does(Do::TryAcquire, Acquired);
    }
}

fn exclusive_skips_a_waiter_that_ended(stage: &Stage) {
    for subject in EXCLUSIVE {
        let [ann, bob, cid, dee] = stage.actors(subject);
        ann.does(Do::Acquire, Acquired);
        bob.must_wait(Do::Acquire);
        cid.must_wait(Do::Acquire);
        dee.must_wait(Do::AcquireTimeout(LONG));
        bob.is_ended();
        dee.is_ended();
        ann.does(Do::Release, Done);
        cid.answers(Acquired);
        cid.does(Do::Release, Done);
        ann.does(Do::TryAcquire, Acquired);
    }
}

/// Lets an actor acquire the subject `times` times and die while others wait, and checks what the next one learns.
#[track_caller]
fn dead_holder(stage: &Stage, subject: Subject, times: usize, learns: &Answer) {
    let [ann, bob, cid, dee] = stage.actors(subject);
    let take = |actor: Actor| (0..times).for_each(|_| actor.does(Do::Acquire, Acquired));
    take(ann);
    bob.must_wait(Do::Acquire);
    ann.does(Do::Die, Died);
    bob.answers(learns.clone());
    bob.does(Do::Release, Done);
    for (holder, acquire) in [(cid, Do::AcquireTimeout(LONG)), (dee, Do::TryAcquire)] {
        take(holder);
        holder.does(Do::Die, Died);
        bob.does(acquire, learns.clone());
        bob.does(Do::Release, Done);
    }
    take(bob);
}

/// Python doesn't report it. If the holder was a process, the lock stays locked forever.
fn lock_of_a_dead_holder_is_reported_as_abandoned(stage: &Stage) {
    dead_holder(stage, Subject::Lock, 1, &AcquiredAbandoned);
}

/// Python: the same for an exception that leaves a `with` block. The permit of a killed process is lost.
fn semaphore_permits_of_a_dead_holder_are_released(stage: &Stage) {
    dead_holder(stage, Subject::Semaphore { permits: 2 }, 2, &Acquired);
    dead_holder(stage, Subject::BoundedSemaphore { permits: 2 }, 2, &Acquired);
}

/// An `RLock` guards no value, so no thread or coroutine has to know. Python: the same for an exception that leaves a
/// `with` block.
fn rlock_of_a_dead_owner_is_released(stage: &Stage) {
    dead_holder(stage, Subject::RLock, 2, &Acquired);
}

/// Python: the lock stays locked forever.
fn rlock_of_a_dead_owner_is_reported_as_abandoned(stage: &Stage) {
    dead_holder(stage, Subject::RLock, 2, &AcquiredAbandoned);
}
