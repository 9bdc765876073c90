//! `Barrier`.

use super::{ANY, Kind, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Broken, Died, Done, Is, Number, Passed};
use crate::words::{Action, Do, Subject};

scenarios! {
    ANY => barrier_can_be_passed_again_and_again, barrier_of_one_never_waits, barrier_counts_waiting_parties,
        barrier_is_broken_for_all_by_a_timeout, barrier_is_broken_for_all_by_abort,
        barrier_reset_breaks_it_only_for_those_that_wait, barrier_is_broken_by_an_action_that_panics;
    &[Kind::Coroutine] => barrier_lets_a_cancelled_coroutine_go;
    &[Kind::Process] => barrier_is_broken_by_the_death_of_a_process_that_waits;
}

fn barrier(parties: usize) -> Subject {
    Subject::Barrier { parties, action: Action::Returns }
}

/// Lets all parties arrive one after the other, and checks that they pass in the given round. The index is the order of
/// arrival, as in Python since 3.2, although Python's documentation promises only that the indices differ.
#[track_caller]
fn all_pass(parties: &[Actor], round: u64) {
    let (last, first) = parties.split_last().expect("parties");
    for actor in first {
        actor.must_wait(Do::Wait);
    }
    last.does(Do::Wait, Passed { index: first.len(), actions: round });
    for (index, actor) in first.iter().enumerate() {
        actor.answers(Passed { index, actions: round });
    }
}

fn barrier_can_be_passed_again_and_again(stage: &Stage) {
    let mut all: [Actor; 3] = stage.actors(barrier(3));
    all[0].does(Do::Actions, Number(0));
    for round in 1..=4 {
        all_pass(&all, round);
        all[0].does(Do::Actions, Number(round));
        all.rotate_left(1);
    }
}

fn barrier_of_one_never_waits(stage: &Stage) {
    let [ann] = stage.actors(barrier(1));
    ann.does(Do::Wait, Passed { index: 0, actions: 1 });
    ann.does(Do::WaitTimeout(0), Passed { index: 0, actions: 2 });
    ann.does(Do::Waiting, Number(0));
}

fn barrier_counts_waiting_parties(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(3));
    boss.does(Do::Parties, Number(3));
    boss.does(Do::Waiting, Number(0));
    ann.must_wait(Do::WaitTimeout(LONG));
    boss.does(Do::Waiting, Number(1));
    bob.must_wait(Do::Wait);
    boss.does(Do::Waiting, Number(2));
    boss.does(Do::IsBroken, Is(false));
    cid.does(Do::WaitTimeout(0), Passed { index: 2, actions: 1 });
    ann.answers(Passed { index: 0, actions: 1 });
    bob.answers(Passed { index: 1, actions: 1 });
    boss.does(Do::Waiting, Number(0));
}

/// Checks that the barrier stays broken until it is reset.
#[track_caller]
fn stays_broken(boss: Actor, others: [Actor; 3]) {
    boss.does(Do::IsBroken, Is(true));
    boss.does(Do::Waiting, Number(0));
    others[0].does(Do::Wait, Broken);
    others[1].does(Do::WaitTimeout(LONG), Broken);
    boss.does(Do::Abort, Done);
    boss.does(Do::IsBroken, Is(true));
    boss.does(Do::Actions, Number(0));
    boss.does(Do::Reset, Done);
    boss.does(Do::Reset, Done);
    boss.does(Do::IsBroken, Is(false));
    all_pass(&others, 1);
}

fn barrier_is_broken_for_all_by_a_timeout(stage: &Stage) {
    for timeout in [0, 10] {
        let [boss, ann, bob, cid] = stage.actors(barrier(3));
        ann.must_wait(Do::Wait);
        cid.times_out(timeout, Do::WaitTimeout(timeout), Broken);
        ann.answers(Broken);
        stays_broken(boss, [ann, bob, cid]);
    }
}

fn barrier_is_broken_for_all_by_abort(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(3));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::WaitTimeout(LONG));
    boss.does(Do::Abort, Done);
    ann.answers(Broken);
    bob.answers(Broken);
    stays_broken(boss, [ann, bob, cid]);
}

fn barrier_reset_breaks_it_only_for_those_that_wait(stage: &Stage) {
    let [boss, ann, bob, cid, dee] = stage.actors(barrier(3));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::WaitTimeout(LONG));
    // Parties that arrive before the others have left wait for the next round.
    boss.does(Do::Reset, Done);
    cid.begins(Do::Wait);
    dee.begins(Do::Wait);
    ann.answers(Broken);
    bob.answers(Broken);
    cid.waits();
    dee.waits();
    boss.does(Do::IsBroken, Is(false));
    boss.does(Do::Waiting, Number(2));
    ann.does(Do::Wait, Passed { index: 2, actions: 1 });
    let mut indices = [cid, dee].map(|actor| actor.finishes());
    indices.sort_by_key(|answer| *answer == Passed { index: 1, actions: 1 });
    assert_eq!(indices, [0, 1].map(|index| Passed { index, actions: 1 }));
}

/// The party that ran the action gets the panic, as it gets the exception in Python.
fn barrier_is_broken_by_an_action_that_panics(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(Subject::Barrier { parties: 3, action: Action::Panics });
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::WaitTimeout(LONG));
    cid.does(Do::Wait, Died);
    ann.answers(Broken);
    bob.answers(Broken);
    boss.does(Do::IsBroken, Is(true));
    boss.does(Do::Actions, Number(1));
    ann.does(Do::Wait, Broken);
}

fn barrier_lets_a_cancelled_coroutine_go(stage: &Stage) {
    let [boss, ann, bob, cid, dee] = stage.actors(barrier(3));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::Wait);
    ann.is_ended();
    boss.does(Do::Waiting, Number(1));
    boss.does(Do::IsBroken, Is(false));
    cid.must_wait(Do::Wait);
    dee.does(Do::Wait, Passed { index: 2, actions: 1 });
    bob.answers(Passed { index: 0, actions: 1 });
    cid.answers(Passed { index: 1, actions: 1 });
}

/// Python: the others wait forever.
fn barrier_is_broken_by_the_death_of_a_process_that_waits(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(3));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::Wait);
    ann.is_ended();
    bob.answers(Broken);
    cid.does(Do::Wait, Broken);
    boss.does(Do::IsBroken, Is(true));
}
