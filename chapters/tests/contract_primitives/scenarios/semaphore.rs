//! `Semaphore` and `BoundedSemaphore`, apart from `exclusive.rs`.

use super::{ANY, scenarios};
use crate::stage::{Actor, Stage};
use crate::words::Answer::{Acquired, Done, Number, Refused, TooMany};
use crate::words::{Do, Subject};

scenarios! {
    ANY => semaphore_counts, semaphore_release_wakes_as_many_as_it_releases, semaphore_permit_can_be_forgotten,
        bounded_semaphore_never_has_more_than_at_first;
}

fn semaphore_counts(stage: &Stage) {
    for subject in [Subject::Semaphore { permits: 2 }, Subject::BoundedSemaphore { permits: 2 }] {
        let [ann, bob, cid] = stage.actors(subject);
        cid.does(Do::Available, Number(2));
        ann.does(Do::Acquire, Acquired);
        cid.does(Do::Available, Number(1));
        bob.does(Do::TryAcquire, Acquired);
        cid.does(Do::Available, Number(0));
        bob.does(Do::TryAcquire, Refused);
        cid.must_wait(Do::Acquire);
        ann.does(Do::Release, Done);
        cid.answers(Acquired);
        ann.does(Do::TryAcquire, Refused);
        cid.does(Do::Release, Done);
        bob.does(Do::Release, Done);
        ann.does(Do::Available, Number(2));
        ann.does(Do::Acquire, Acquired);
        ann.does(Do::Acquire, Acquired);
        bob.does(Do::TryAcquire, Refused);
    }
}

/// Python: `release(0)` is a `ValueError`.
fn semaphore_release_wakes_as_many_as_it_releases(stage: &Stage) {
    let [boss, waiters @ ..]: [Actor; 5] = stage.actors(Subject::Semaphore { permits: 0 });
    boss.does(Do::TryAcquire, Refused);
    for waiter in waiters {
        waiter.must_wait(Do::Acquire);
    }
    boss.does(Do::ReleaseMany(0), Done);
    stage.exactly(0, &waiters, Acquired);
    boss.does(Do::ReleaseMany(3), Done);
    stage.exactly(3, &waiters, Acquired);
    boss.does(Do::Available, Number(0));
    boss.does(Do::ReleaseMany(1), Done);
    stage.one(&waiters, Acquired);
    boss.does(Do::TryAcquire, Refused);
}

/// As Python's semaphores are used: one actor acquires, and another one releases, even more than there were.
fn semaphore_permit_can_be_forgotten(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Semaphore { permits: 1 });
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Forget, Done);
    ann.does(Do::Available, Number(0));
    ann.must_wait(Do::Acquire);
    bob.does(Do::ReleaseMany(1), Done);
    ann.answers(Acquired);
    ann.does(Do::Release, Done);
    bob.does(Do::Available, Number(1));
    bob.does(Do::ReleaseMany(2), Done);
    for _ in 0..3 {
        ann.does(Do::TryAcquire, Acquired);
    }
    bob.does(Do::TryAcquire, Refused);
}

/// Not even when a permit is dropped that was released already.
fn bounded_semaphore_never_has_more_than_at_first(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::BoundedSemaphore { permits: 2 });
    ann.does(Do::ReleaseMany(1), TooMany);
    ann.does(Do::ReleaseMany(usize::MAX), TooMany);
    ann.does(Do::ReleaseMany(0), Done);
    for _ in 0..2 {
        ann.does(Do::Acquire, Acquired);
        ann.does(Do::Forget, Done);
    }
    bob.does(Do::ReleaseMany(3), TooMany);
    bob.does(Do::Available, Number(0));
    bob.does(Do::ReleaseMany(1), Done);
    bob.does(Do::ReleaseMany(2), TooMany);
    bob.does(Do::Available, Number(1));
    bob.does(Do::Acquire, Acquired);
    ann.does(Do::ReleaseMany(2), Done);
    bob.does(Do::Release, Done);
    ann.does(Do::Available, Number(2));
    ann.does(Do::ReleaseMany(1), TooMany);
}
