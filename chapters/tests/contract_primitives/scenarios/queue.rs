//! `Queue`: putting and getting, and the tasks that they are about.

use super::{ANY, Kind, MORTAL, scenarios};
use crate::stage::{Actor, LONG, Stage};
use crate::words::Answer::{Done, Empty, Full, Is, Item, Number, TooMany};
use crate::words::{Do, Subject};

scenarios! {
    ANY => queue_without_a_limit_is_first_in_first_out, queue_refuses_actors_that_cannot_wait,
        queue_reports_how_full_it_is, queue_wakes_a_getter_for_each_item, queue_wakes_a_putter_for_each_place,
        queue_forgets_a_waiter_that_gave_up, queue_is_joined_when_the_tasks_are_done;
    MORTAL => queue_skips_a_waiter_that_ended;
    &[Kind::Thread, Kind::Coroutine] => queue_reports_its_state;
    &[Kind::Thread, Kind::Process] => simple_queue_wakes_a_getter_for_each_item;
    &[Kind::Process] => queue_is_joined_though_one_died_with_a_task;
}

fn queue(maxsize: usize) -> Subject {
    Subject::Queue { maxsize }
}

/// And never full. Python: a negative maxsize also means any number of items. The type excludes it here.
fn queue_without_a_limit_is_first_in_first_out(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(0));
    bob.does(Do::Maxsize, Number(0));
    for number in 0..100 {
        ann.does(Do::TryPut(number), Done);
        bob.does(Do::IsFull, Is(false));
    }
    bob.does(Do::Len, Number(100));
    for number in 0..100 {
        bob.does(Do::TryGet, Item(number));
    }
    bob.does(Do::TryGet, Empty);
}

/// An actor checks for room or an item before it checks the time, so a zero timeout tries once. Python: a negative
/// timeout is a `ValueError`.
fn queue_refuses_actors_that_cannot_wait(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(1));
    bob.does(Do::TryGet, Empty);
    bob.does(Do::GetTimeout(0), Empty);
    bob.times_out(10, Do::GetTimeout(10), Empty);
    ann.does(Do::PutTimeout(1, 0), Done);
    ann.does(Do::TryPut(2), Full(2));
    ann.does(Do::PutTimeout(3, 0), Full(3));
    ann.times_out(10, Do::PutTimeout(4, 10), Full(4));
    bob.does(Do::GetTimeout(0), Item(1));
    bob.does(Do::TryGet, Empty);
}

fn queue_reports_how_full_it_is(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(2));
    let says = |len, empty, full| {
        bob.does(Do::Len, Number(len));
        bob.does(Do::IsEmpty, Is(empty));
        bob.does(Do::IsFull, Is(full));
    };
    bob.does(Do::Maxsize, Number(2));
    says(0, true, false);
    ann.does(Do::Put(1), Done);
    says(1, false, false);
    ann.does(Do::Put(2), Done);
    says(2, false, true);
    ann.does(Do::Get, Item(1));
    says(1, false, false);
    bob.does(Do::Get, Item(2));
    says(0, true, false);
}

fn queue_reports_its_state(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(0));
    bob.does(Do::UnfinishedTasks, Number(0));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(2), Done);
    ann.does(Do::Get, Item(1));
    bob.does(Do::UnfinishedTasks, Number(2));
    ann.does(Do::TaskDone, Done);
    bob.does(Do::UnfinishedTasks, Number(1));
    bob.does(Do::IsShutdown, Is(false));
    ann.does(Do::Shutdown { immediate: false }, Done);
    bob.does(Do::IsShutdown, Is(true));
    bob.does(Do::UnfinishedTasks, Number(1));
    ann.does(Do::Shutdown { immediate: true }, Done);
    bob.does(Do::UnfinishedTasks, Number(0));
}

fn queue_wakes_a_getter_for_each_item(stage: &Stage) {
    wakes_a_getter_for_each_item(stage, queue(0));
}

fn simple_queue_wakes_a_getter_for_each_item(stage: &Stage) {
    wakes_a_getter_for_each_item(stage, Subject::Simple);
}

#[track_caller]
fn wakes_a_getter_for_each_item(stage: &Stage, subject: Subject) {
    let [ann, getters @ ..]: [Actor; 4] = stage.actors(subject);
    getters[0].must_wait(Do::Get);
    getters[1].must_wait(Do::GetTimeout(LONG));
    getters[2].must_wait(Do::Get);
    for number in 0..3 {
        ann.does(Do::Put(number), Done);
        stage.one(&getters, Item(number));
    }
    ann.does(Do::IsEmpty, Is(true));
}

fn queue_wakes_a_putter_for_each_place(stage: &Stage) {
    let [ann, putters @ ..]: [Actor; 4] = stage.actors(queue(1));
    ann.does(Do::Put(0), Done);
    putters[0].must_wait(Do::Put(7));
    putters[1].must_wait(Do::PutTimeout(7, LONG));
    putters[2].must_wait(Do::Put(7));
    ann.does(Do::Get, Item(0));
    for _ in 0..3 {
        stage.one(&putters, Done);
        ann.does(Do::Len, Number(1));
        ann.does(Do::Get, Item(7));
    }
    stage.exactly(0, &putters, Done);
    ann.does(Do::IsEmpty, Is(true));
}

fn queue_forgets_a_waiter_that_gave_up(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(queue(1));
    cid.must_wait(Do::Get);
    bob.times_out(10, Do::GetTimeout(10), Empty);
    ann.does(Do::Put(1), Done);
    cid.answers(Item(1));
    ann.does(Do::Put(2), Done);
    cid.must_wait(Do::Put(3));
    bob.times_out(10, Do::PutTimeout(4, 10), Full(4));
    ann.does(Do::Get, Item(2));
    cid.answers(Done);
    ann.does(Do::Get, Item(3));
    ann.does(Do::TryGet, Empty);
}

/// An item that was taken isn't done until `task_done` is called, by any actor. Python: a call too many is a `ValueError`.
fn queue_is_joined_when_the_tasks_are_done(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(queue(0));
    bob.does(Do::Join, Done);
    ann.does(Do::TaskDone, TooMany);
    for _ in 0..2 {
        ann.does(Do::Put(1), Done);
        ann.does(Do::Put(2), Done);
        bob.must_wait(Do::Join);
        cid.must_wait(Do::Join);
        ann.does(Do::Get, Item(1));
        ann.does(Do::TaskDone, Done);
        ann.does(Do::Get, Item(2));
        stage.exactly(0, &[bob, cid], Done);
        ann.does(Do::TaskDone, Done);
        bob.answers(Done);
        cid.answers(Done);
        bob.does(Do::TaskDone, TooMany);
    }
    ann.does(Do::Put(3), Done);
    bob.does(Do::Get, Item(3));
    ann.must_wait(Do::Join);
    cid.does(Do::TaskDone, Done);
    ann.answers(Done);
}

fn queue_skips_a_waiter_that_ended(stage: &Stage) {
    let [boss, ann, bob, cid, dee] = stage.actors(queue(1));
    ann.must_wait(Do::Get);
    bob.must_wait(Do::Get);
    ann.is_ended();
    boss.does(Do::Put(1), Done);
    bob.answers(Item(1));
    boss.does(Do::Put(2), Done);
    cid.must_wait(Do::Put(3));
    dee.must_wait(Do::Put(4));
    cid.is_ended();
    boss.does(Do::Get, Item(2));
    dee.answers(Done);
    boss.does(Do::Get, Item(4));
    boss.does(Do::TryGet, Empty);
}

/// Python: `join` waits forever.
fn queue_is_joined_though_one_died_with_a_task(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(queue(0));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(2), Done);
    bob.does(Do::Get, Item(1));
    cid.does(Do::Get, Item(2));
    ann.must_wait(Do::Join);
    bob.is_ended();
    ann.waits();
    cid.does(Do::TaskDone, Done);
    ann.answers(Done);
}
