//! `LifoQueue`, `PriorityQueue` and `SimpleQueue`, as far as they differ from `Queue`.

use super::{Kind, scenarios};
use crate::stage::{LONG, Stage};
use crate::words::Answer::{Done, Empty, Full, Is, Item, Number, ShutDown, TooMany};
use crate::words::{Do, Subject};

scenarios! {
    &[Kind::Thread, Kind::Coroutine] => lifo_queue_is_last_in_first_out, priority_queue_gives_the_smallest,
        other_orders_have_the_rest_of_a_queue;
    &[Kind::Thread, Kind::Process] => simple_queue_is_first_in_first_out, simple_queue_wakes_a_getter_for_each_item;
}

fn lifo_queue_is_last_in_first_out(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Lifo { maxsize: 0 });
    for number in [2, 1, 3] {
        ann.does(Do::Put(number), Done);
    }
    bob.does(Do::Get, Item(3));
    ann.does(Do::Put(4), Done);
    for number in [4, 1, 2] {
        bob.does(Do::Get, Item(number));
    }
}

fn priority_queue_gives_the_smallest(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Priority { maxsize: 0 });
    for number in [5, 2, 9, 2, 7] {
        ann.does(Do::Put(number), Done);
    }
    bob.does(Do::Get, Item(2));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(8), Done);
    for number in [1, 2, 5, 7, 8, 9] {
        bob.does(Do::Get, Item(number));
    }
}

fn other_orders_have_the_rest_of_a_queue(stage: &Stage) {
    for subject in [Subject::Lifo { maxsize: 1 }, Subject::Priority { maxsize: 1 }] {
        let [ann, bob, cid] = stage.actors(subject);
        bob.does(Do::TryGet, Empty);
        bob.must_wait(Do::Get);
        ann.does(Do::Put(1), Done);
        bob.answers(Item(1));
        ann.does(Do::Put(2), Done);
        bob.does(Do::IsFull, Is(true));
        ann.does(Do::TryPut(3), Full(3));
        ann.must_wait(Do::Put(4));
        cid.must_wait(Do::Join);
        bob.does(Do::Get, Item(2));
        ann.answers(Done);
        bob.does(Do::TaskDone, Done);
        bob.does(Do::TaskDone, Done);
        cid.waits();
        ann.does(Do::Shutdown { immediate: true }, Done);
        cid.answers(Done);
        bob.does(Do::TaskDone, TooMany);
        bob.does(Do::Get, ShutDown(None));
    }
}

fn simple_queue_is_first_in_first_out(stage: &Stage) {
    let [ann, bob] = stage.actors(Subject::Simple);
    bob.does(Do::IsEmpty, Is(true));
    bob.does(Do::TryGet, Empty);
    bob.does(Do::GetTimeout(0), Empty);
    bob.times_out(10, Do::GetTimeout(10), Empty);
    for number in 0..20 {
        bob.does(Do::Len, Number(number));
        ann.does(Do::Put(number), Done);
    }
    bob.does(Do::IsEmpty, Is(false));
    for number in 0..20 {
        bob.does([Do::Get, Do::TryGet, Do::GetTimeout(0)][number as usize % 3], Item(number));
    }
    bob.does(Do::IsEmpty, Is(true));
}

fn simple_queue_wakes_a_getter_for_each_item(stage: &Stage) {
    let [ann, bob, cid] = stage.actors(Subject::Simple);
    bob.must_wait(Do::Get);
    cid.must_wait(Do::GetTimeout(LONG));
    ann.does(Do::Put(1), Done);
    stage.one(&[bob, cid], Item(1));
    ann.does(Do::Put(2), Done);
    stage.one(&[bob, cid], Item(2));
    ann.does(Do::IsEmpty, Is(true));
}
