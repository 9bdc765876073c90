//! `Barrier`.

use super::{ANY, Kind, PAUSABLE, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Broken, Died, Done, Is, Number, Passed};
use crate::words::{Action, Do, Subject};

scenarios! {
    ANY => barrier_lets_pass_when_all_are_there, barrier_can_be_passed_again_and_again, barrier_of_one_never_waits,
        barrier_with_a_timeout_lets_pass_in_time, barrier_counts_waiting_parties, barrier_is_broken_for_all_by_a_timeout,
        barrier_is_broken_for_all_by_abort, barrier_reset_breaks_it_only_for_those_that_wait,
        barrier_reset_repairs_it, barrier_is_broken_by_an_action_that_panics;
    PAUSABLE => barrier_is_broken_by_a_timeout_while_a_round_drains, barrier_is_broken_by_a_timeout_during_a_reset,
        barrier_reset_repairs_it_before_the_waiting_party_has_left;
    &[Kind::Coroutine] => barrier_lets_a_cancelled_coroutine_go;
    &[Kind::Process] => barrier_is_broken_by_the_death_of_a_process_that_waits;
}

fn barrier(parties: usize) -> Subject {
    Subject::Barrier { parties, action: Action::Returns }
}

/// Lets all parties arrive one after the other, and checks that they pass in the given round.
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

/// The action has run once when the first party passes. The index is the order of arrival, as in Python since 3.2,
/// although Python's documentation promises only that the indices differ.
fn barrier_lets_pass_when_all_are_there(stage: &Stage) {
    let all: [Actor; 4] = stage.actors(barrier(4));
    all[0].does(Do::Actions, Number(0));
    all_pass(&all, 1);
    all[0].does(Do::Actions, Number(1));
}

fn barrier_can_be_passed_again_and_again(stage: &Stage) {
    let mut all: [Actor; 3] = stage.actors(barrier(3));
    for round in 1..=4 {
        all_pass(&all, round);
        all.rotate_left(1);
    }
    // All at once, in any order.
    for round in 5..=14 {
        all.iter().for_each(|actor| actor.begins(Do::Wait));
        let mut passed = all.map(|actor| actor.finishes());
        passed.sort_by_key(|answer| match answer {
            Passed { index, .. } => *index,
            _ => usize::MAX,
        });
        assert_eq!(passed, [0, 1, 2].map(|index| Passed { index, actions: round }));
    }
}

fn barrier_of_one_never_waits(stage: &Stage) {
    let [ann] = stage.actors(barrier(1));
    ann.does(Do::Wait, Passed { index: 0, actions: 1 });
    ann.does(Do::WaitTimeout(0), Passed { index: 0, actions: 2 });
    ann.does(Do::Waiting, Number(0));
}

fn barrier_with_a_timeout_lets_pass_in_time(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(barrier(3));
    ann.must_wait(Do::WaitTimeout(LONG));
    bob.must_wait(Do::Wait);
    cid.does(Do::WaitTimeout(0), Passed { index: 2, actions: 1 });
    ann.answers(Passed { index: 0, actions: 1 });
    bob.answers(Passed { index: 1, actions: 1 });
}

fn barrier_counts_waiting_parties(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(3));
    boss.does(Do::Parties, Number(3));
    boss.does(Do::Waiting, Number(0));
    ann.must_wait(Do::Wait);
    boss.does(Do::Waiting, Number(1));
    bob.must_wait(Do::Wait);
    boss.does(Do::Waiting, Number(2));
    boss.does(Do::IsBroken, Is(false));
    cid.does(Do::Wait, Passed { index: 2, actions: 1 });
    ann.answers(Passed { index: 0, actions: 1 });
    bob.answers(Passed { index: 1, actions: 1 });
    boss.does(Do::Waiting, Number(0));
}

/// Checks that the barrier stays broken until it is reset.
#[track_caller]
fn stays_broken(boss: Actor, ann: Actor) {
    boss.does(Do::IsBroken, Is(true));
    boss.does(Do::Waiting, Number(0));
    ann.does(Do::Wait, Broken);
    ann.does(Do::WaitTimeout(LONG), Broken);
    boss.does(Do::IsBroken, Is(true));
    boss.does(Do::Actions, Number(0));
}

fn barrier_is_broken_for_all_by_a_timeout(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(4));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::WaitTimeout(LONG));
    cid.times_out(10, Do::WaitTimeout(10), Broken);
    ann.answers(Broken);
    bob.answers(Broken);
    stays_broken(boss, ann);
    boss.does(Do::Reset, Done);
    ann.must_wait(Do::Wait);
    bob.does(Do::WaitTimeout(0), Broken);
    ann.answers(Broken);
    stays_broken(boss, ann);
}

/// The timeout expires before the party has arrived. Python waits there without a timeout.
fn barrier_is_broken_by_a_timeout_while_a_round_drains(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(2));
    ann.must_wait(Do::Wait);
    ann.pauses();
    // The round is complete, but Ann hasn't left it.
    bob.does(Do::Wait, Passed { index: 1, actions: 1 });
    cid.times_out(10, Do::WaitTimeout(10), Broken);
    boss.does(Do::IsBroken, Is(true));
    bob.does(Do::Wait, Broken);
    ann.continues();
    ann.answers(Broken);
    boss.does(Do::Reset, Done);
    all_pass(&[ann, bob], 2);
}

/// The same while the parties leave that a reset has sent away.
fn barrier_is_broken_by_a_timeout_during_a_reset(stage: &Stage) {
    let [boss, ann, bob, cid] = stage.actors(barrier(2));
    ann.must_wait(Do::Wait);
    ann.pauses();
    boss.does(Do::Reset, Done);
    cid.times_out(10, Do::WaitTimeout(10), Broken);
    boss.does(Do::IsBroken, Is(true));
    ann.continues();
    ann.answers(Broken);
    boss.does(Do::Reset, Done);
    all_pass(&[ann, bob], 1);
}

fn barrier_reset_repairs_it_before_the_waiting_party_has_left(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(barrier(2));
    ann.must_wait(Do::Wait);
    ann.pauses();
    boss.does(Do::Abort, Done);
    boss.does(Do::Reset, Done);
    ann.continues();
    ann.answers(Broken);
    boss.does(Do::IsBroken, Is(false));
    all_pass(&[ann, bob], 1);
}

fn barrier_is_broken_for_all_by_abort(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(barrier(3));
    ann.must_wait(Do::Wait);
    bob.must_wait(Do::WaitTimeout(LONG));
    boss.does(Do::Abort, Done);
    ann.answers(Broken);
    bob.answers(Broken);
    stays_broken(boss, ann);
    boss.does(Do::Abort, Done);
    stays_broken(boss, bob);
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

fn barrier_reset_repairs_it(stage: &Stage) {
    let [boss, ann, bob] = stage.actors(barrier(2));
    boss.does(Do::Reset, Done);
    boss.does(Do::IsBroken, Is(false));
    all_pass(&[ann, bob], 1);
    boss.does(Do::Abort, Done);
    ann.does(Do::Wait, Broken);
    boss.does(Do::Reset, Done);
    boss.does(Do::IsBroken, Is(false));
    all_pass(&[bob, ann], 2);
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
