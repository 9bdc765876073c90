//! `Condition`, on a lock that guards a number.
//!
//! An actor that waits enters the queue before it releases the lock, so the next holder of the lock can notify it.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Acquired, AcquiredAbandoned, Died, Done, Is, Number};
use crate::words::{Do, Subject};

scenarios! {
    ANY => condition_wakes_as_many_as_are_notified, condition_remembers_no_notifications,
        condition_frees_the_lock_and_takes_it_back, condition_forgets_a_waiter_that_gave_up,
        condition_does_not_wake_later_waiters, condition_waits_for_a_predicate,
        condition_waits_for_a_predicate_until_the_timeout, condition_reports_a_death_before_the_wait_once,
        condition_reports_a_death_during_the_wait;
    MORTAL => condition_skips_waiters_that_ended;
    &[Kind::Coroutine] => condition_passes_on_the_notification_of_a_cancelled_waiter;
}

/// Lets all actors acquire the lock and wait.
fn all_wait(actors: &[Actor]) {
    for actor in actors {
        actor.does(Do::Acquire, Acquired);
        actor.must_wait(Do::Wait);
    }
}

/// Changes the number and notifies, with the lock.
fn change(boss: Actor, number: u64, notify: Do) {
    boss.does(Do::Acquire, Acquired);
    boss.does(Do::Write(number), Done);
    boss.does(notify, Done);
    boss.does(Do::Release, Done);
}

/// Checks that exactly `count` of the actors have been woken, and that they return one at a time, as they get the lock.
#[track_caller]
fn exactly_wake(stage: &Stage, count: usize, waiters: &[Actor]) {
    for _ in 0..count {
        stage.one(waiters, Done).does(Do::Release, Done);
    }
    stage.exactly(0, waiters, Done);
}

/// With or without the lock. Python: without it, a `RuntimeError`, also for waiting, which the type excludes here.
fn condition_wakes_as_many_as_are_notified(stage: &Stage) {
    let [boss, waiters @ ..]: [Actor; 6] = stage.actors(Subject::Lock);
    all_wait(&waiters);
    for count in [2, 0, 1, 1] {
        boss.does(Do::Acquire, Acquired);
        boss.does(Do::Notify(count), Done);
        stage.exactly(0, &waiters, Done);
        boss.does(Do::Release, Done);
        exactly_wake(stage, count, &waiters);
    }
    boss.does(Do::Notify(1), Done);
    exactly_wake(stage, 1, &waiters);
    for notify in [Do::NotifyAll, Do::Notify(9)] {
        all_wait(&waiters);
        boss.does(notify, Done);
        exactly_wake(stage, 5, &waiters);
    }
}

fn condition_remembers_no_notifications(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    all_wait(&[bob]);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::Notify(5), Done);
    ann.does(Do::Notify(1), Done);
    ann.does(Do::NotifyAll, Done);
    ann.does(Do::Release, Done);
    bob.answers(Done);
    bob.does(Do::Release, Done);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::WaitTimeout(0), Is(false));
    ann.times_out(10, Do::WaitTimeout(10), Is(false));
    bob.does(Do::IsLocked, Is(true));
    ann.must_wait(Do::WaitTimeout(LONG));
    change(bob, 1, Do::Notify(1));
    ann.answers(Is(true));
    bob.does(Do::IsLocked, Is(true));
}

fn condition_frees_the_lock_and_takes_it_back(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    all_wait(&[ann]);
    bob.does(Do::IsLocked, Is(false));
    bob.does(Do::TryAcquire, Acquired);
    bob.does(Do::Write(7), Done);
    bob.does(Do::Notify(1), Done);
    ann.waits();
    bob.does(Do::Release, Done);
    ann.answers(Done);
    bob.does(Do::IsLocked, Is(true));
    ann.does(Do::Read, Number(7));
}

fn condition_forgets_a_waiter_that_gave_up(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(Subject::Lock);
    all_wait(&[bob]);
    for timeout in [0, 10] {
        ann.does(Do::Acquire, Acquired);
        ann.times_out(timeout, Do::WaitTimeout(timeout), Is(false));
        ann.does(Do::Release, Done);
    }
    all_wait(&[cid]);
    boss.does(Do::Notify(2), Done);
    exactly_wake(stage, 2, &[bob, cid]);
}

/// A notification is for actors that were waiting when it was sent. An actor that notifies and then waits itself is
/// likely to be in the queue before the other one has woken up.
fn condition_does_not_wake_later_waiters(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    for _ in 0..20 {
        all_wait(&[ann]);
        bob.does(Do::Acquire, Acquired);
        bob.begins(Do::NotifyAndWait);
        assert!(stage.one(&[ann, bob], Done) == ann, "the notification was for Ann\n{}", stage.log());
        ann.does(Do::Release, Done);
        cid.does(Do::Notify(1), Done);
        bob.answers(Done);
        bob.does(Do::Release, Done);
    }
}

fn condition_waits_for_a_predicate(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::WaitFor(0), Done);
    ann.must_wait(Do::WaitFor(2));
    bob.does(Do::Acquire, Acquired);
    bob.must_wait(Do::WaitFor(3));
    change(boss, 1, Do::NotifyAll);
    stage.exactly(0, &[ann, bob], Done);
    for (number, woken) in [(2, ann), (3, bob)] {
        change(boss, number, Do::NotifyAll);
        assert!(stage.one(&[ann, bob], Done) == woken);
        woken.does(Do::Read, Number(number));
        woken.does(Do::Release, Done);
    }
}

fn condition_waits_for_a_predicate_until_the_timeout(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    ann.does(Do::WaitForTimeout(0, 0), Is(true));
    ann.does(Do::WaitForTimeout(1, 0), Is(false));
    ann.times_out(10, Do::WaitForTimeout(1, 10), Is(false));
    ann.must_wait(Do::WaitForTimeout(2, LONG));
    change(bob, 1, Do::Notify(1));
    ann.waits();
    change(bob, 2, Do::Notify(1));
    ann.answers(Is(true));
}

fn dies_with_the_lock(actor: Actor) {
    actor.does(Do::Acquire, Acquired);
    actor.does(Do::Die, Died);
}

/// `wait_for` returns a guard that knows what the first one knew, and `wait` a new one.
fn condition_reports_a_death_before_the_wait_once(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    dies_with_the_lock(cid);
    ann.does(Do::Acquire, AcquiredAbandoned);
    ann.does(Do::WaitForTimeout(1, 10), Is(false));
    ann.does(Do::IsAbandoned, Is(true));
    ann.does(Do::WaitTimeout(10), Is(false));
    ann.does(Do::IsAbandoned, Is(false));
    ann.does(Do::WaitForTimeout(1, 10), Is(false));
    ann.does(Do::IsAbandoned, Is(false));
    ann.does(Do::Release, Done);
    bob.does(Do::Acquire, Acquired);
}

fn condition_reports_a_death_during_the_wait(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Lock);
    ann.does(Do::Acquire, Acquired);
    ann.must_wait(Do::WaitFor(2));
    dies_with_the_lock(bob);
    // Ann acquires the lock, which takes a process a moment, finds the number too small, and waits again.
    cid.does(Do::Notify(1), Done);
    let is_locked = || {
        cid.begins(Do::IsLocked);
        cid.finishes() == Is(true)
    };
    while is_locked() {}
    ann.waits();
    change(cid, 2, Do::Notify(1));
    ann.answers(Done);
    ann.does(Do::IsAbandoned, Is(true));
    ann.does(Do::Release, Done);
    cid.does(Do::Acquire, Acquired);
}

/// Python: `multiprocessing`'s `notify` hangs if all processes that it could wake have died.
fn condition_skips_waiters_that_ended(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(Subject::Lock);
    for actor in [ann, bob, cid] {
        actor.does(Do::Acquire, Acquired);
        actor.must_wait(Do::WaitFor(1));
    }
    ann.is_ended();
    boss.does(Do::Acquire, Acquired);
    boss.does(Do::Write(1), Done);
    boss.does(Do::Notify(2), Done);
    bob.is_ended();
    boss.does(Do::Release, Done);
    cid.answers(Done);
    cid.does(Do::Release, Done);
}

fn condition_passes_on_the_notification_of_a_cancelled_waiter(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(Subject::Lock);
    all_wait(&[ann, bob]);
    boss.does(Do::Acquire, Acquired);
    boss.does(Do::Notify(1), Done);
    // The notification was for Ann, the first in the queue. She can't return before the lock is free.
    ann.is_ended();
    boss.does(Do::Release, Done);
    bob.answers(Done);
    bob.does(Do::Release, Done);
}
