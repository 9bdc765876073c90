//! `Event`.

use super::{ANY, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Done, Is};
use crate::words::{Do, Subject};

scenarios! {
    ANY => event_wakes_all, event_is_no_wait_while_set, event_wakes_all_even_if_cleared_at_once;
    MORTAL => event_skips_a_waiter_that_ended;
}

fn event_wakes_all(stage: &Stage) {
    let [boss, waiters @ ..]: [Actor; 4] = stage.actors(Subject::Event);
    waiters[0].must_wait(Do::WaitTimeout(LONG));
    waiters[1].must_wait(Do::Wait);
    waiters[2].must_wait(Do::Wait);
    boss.does(Do::Clear, Done);
    waiters[2].waits();
    boss.does(Do::Set, Done);
    waiters[0].answers(Is(true));
    waiters[1].answers(Done);
    waiters[2].answers(Done);
}

fn event_is_no_wait_while_set(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Event);
    for _ in 0..2 {
        bob.does(Do::Clear, Done);
        ann.does(Do::IsSet, Is(false));
        ann.does(Do::WaitTimeout(0), Is(false));
        ann.times_out(10, Do::WaitTimeout(10), Is(false));
        bob.does(Do::Set, Done);
        bob.does(Do::Set, Done);
        ann.does(Do::IsSet, Is(true));
        ann.does(Do::Wait, Done);
        bob.does(Do::Wait, Done);
        ann.does(Do::WaitTimeout(0), Is(true));
        ann.does(Do::WaitTimeout(10), Is(true));
        ann.does(Do::IsSet, Is(true));
    }
}

/// A waiting actor that `set` has woken doesn't check the flag again. In `multiprocessing`, it wakes up too, but `wait`
/// returns False.
fn event_wakes_all_even_if_cleared_at_once(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(Subject::Event);
    for _ in 0..20 {
        ann.must_wait(Do::Wait);
        bob.must_wait(Do::WaitTimeout(LONG));
        boss.does(Do::SetAndClear, Done);
        ann.answers(Done);
        bob.answers(Is(true));
        boss.does(Do::IsSet, Is(false));
    }
}

fn event_skips_a_waiter_that_ended(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(Subject::Event);
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::Wait);
    ann.is_ended();
    boss.does(Do::Set, Done);
    bob.answers(Done);
}
