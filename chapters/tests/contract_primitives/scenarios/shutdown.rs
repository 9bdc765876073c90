//! `Queue.shutdown`, which Python has since 3.13.

use super::{ANY, MORTAL, scenarios};
use crate::stage::{LONG, Stage};
use crate::words::Answer::{Done, Is, Item, Number, ShutDown, TooMany};
use crate::words::{Do, Subject};

scenarios! {
    ANY => shutdown_serves_the_remaining_items, shutdown_wakes_getters, shutdown_returns_items_to_putters,
        shutdown_lets_join_wait_for_the_remaining_items, shutdown_at_once_drops_the_remaining_items,
        shutdown_at_once_lets_join_return_after_the_tasks_in_hand, shutdown_twice_is_no_harm;
    MORTAL => shutdown_wakes_getters_after_one_ended;
}

const SHUTDOWN: Do = Do::Shutdown { immediate: false };
const AT_ONCE: Do = Do::Shutdown { immediate: true };

fn queue(maxsize: usize) -> Subject {
    Subject::Queue { maxsize }
}

fn shutdown_serves_the_remaining_items(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(3));
    for number in 1..=3 {
        ann.does(Do::Put(number), Done);
    }
    ann.does(SHUTDOWN, Done);
    // It is full too, but will not take anything ever.
    ann.does(Do::TryPut(4), ShutDown(Some(4)));
    ann.does(Do::Put(5), ShutDown(Some(5)));
    ann.does(Do::PutTimeout(6, LONG), ShutDown(Some(6)));
    bob.does(Do::Len, Number(3));
    bob.does(Do::Get, Item(1));
    ann.does(Do::TryPut(7), ShutDown(Some(7)));
    bob.does(Do::TryGet, Item(2));
    bob.does(Do::GetTimeout(0), Item(3));
    bob.does(Do::Get, ShutDown(None));
    bob.does(Do::TryGet, ShutDown(None));
    bob.does(Do::GetTimeout(LONG), ShutDown(None));
    bob.does(Do::GetTimeout(0), ShutDown(None));
}

fn shutdown_wakes_getters(stage: &Stage) {
    for shutdown in [SHUTDOWN, AT_ONCE] {
        let [ann, bob, cid] = stage.actors(queue(1));
        bob.must_wait(Do::Get);
        cid.must_wait(Do::GetTimeout(LONG));
        ann.does(shutdown, Done);
        stage.exactly(2, &[bob, cid], ShutDown(None));
    }
}

fn shutdown_wakes_getters_after_one_ended(stage: &Stage) {
    for shutdown in [SHUTDOWN, AT_ONCE] {
        let [boss, ann, bob, cid] = stage.actors(queue(1));
        for getter in [ann, bob, cid] {
            getter.must_wait(Do::Get);
        }
        bob.is_ended();
        boss.does(shutdown, Done);
        stage.exactly(2, &[ann, cid], ShutDown(None));
    }
}

fn shutdown_returns_items_to_putters(stage: &Stage) {
    for (shutdown, left) in [(SHUTDOWN, Some(Item(1))), (AT_ONCE, None)] {
        let [ann, bob, cid] = stage.actors(queue(1));
        ann.does(Do::Put(1), Done);
        bob.must_wait(Do::Put(2));
        cid.must_wait(Do::PutTimeout(3, LONG));
        ann.does(shutdown, Done);
        bob.answers(ShutDown(Some(2)));
        cid.answers(ShutDown(Some(3)));
        left.into_iter().for_each(|item| bob.does(Do::Get, item));
        bob.does(Do::Get, ShutDown(None));
    }
}

fn shutdown_lets_join_wait_for_the_remaining_items(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(0));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(2), Done);
    ann.does(Do::Get, Item(1));
    bob.must_wait(Do::Join);
    ann.does(SHUTDOWN, Done);
    bob.waits();
    ann.does(Do::TaskDone, Done);
    bob.waits();
    ann.does(Do::Get, Item(2));
    bob.waits();
    ann.does(Do::TaskDone, Done);
    bob.answers(Done);
}

fn shutdown_at_once_drops_the_remaining_items(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(2));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(2), Done);
    ann.does(AT_ONCE, Done);
    bob.does(Do::Len, Number(0));
    bob.does(Do::IsEmpty, Is(true));
    bob.does(Do::Get, ShutDown(None));
    ann.does(Do::Put(3), ShutDown(Some(3)));
    ann.does(Do::TaskDone, TooMany);
    bob.does(Do::Join, Done);
}

fn shutdown_at_once_lets_join_return_after_the_tasks_in_hand(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(0));
    for number in 1..=3 {
        ann.does(Do::Put(number), Done);
    }
    ann.does(Do::Get, Item(1));
    bob.must_wait(Do::Join);
    ann.does(AT_ONCE, Done);
    bob.waits();
    ann.does(Do::TaskDone, Done);
    bob.answers(Done);
    ann.does(Do::TaskDone, TooMany);
}

fn shutdown_twice_is_no_harm(stage: &Stage) {
    let [ann, bob] = stage.actors(queue(0));
    ann.does(Do::Put(1), Done);
    ann.does(Do::Put(2), Done);
    ann.does(SHUTDOWN, Done);
    bob.does(SHUTDOWN, Done);
    bob.does(Do::Get, Item(1));
    bob.does(Do::TaskDone, Done);
    bob.must_wait(Do::Join);
    ann.does(AT_ONCE, Done);
    bob.answers(Done);
    ann.does(AT_ONCE, Done);
    ann.does(Do::TryGet, ShutDown(None));
}
