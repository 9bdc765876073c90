use std::process::{Command, Stdio};
use std::sync::Arc;

use super::*;
use crate::processes::os::shared::Shared;

fn tallies() -> Tallies {
    let memory = Arc::new(Shared::new(Tallies::WORDS).unwrap());
    Tallies::new(memory.at(memory.place(Tallies::WORDS).unwrap(), Tallies::WORDS).unwrap())
}

fn put(tallies: &Tallies, slot: usize, taker: Holder, tasks: u64) {
    tallies.carry_out(Change { slot: slot as u64, taker, tasks });
}

/// A process that has ended.
fn dead() -> Holder {
    let mut child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
    child.wait().unwrap();
    Holder::in_word(u64::from(child.id()) | 1 << 32)
}

#[test]
fn a_change_is_the_same_carried_out_twice() {
    let (tallies, mut last) = (tallies(), Change::default());
    for tasks in 1..4 {
        tallies.add(&mut last);
        assert_eq!((last.taker, last.tasks), (Holder::this_process(), tasks));
        tallies.carry_out(last);
    }
    tallies.remove(&mut last);
    assert_eq!(last.tasks, 2);
    assert_eq!(tallies.bury_one(&mut last), None);
}

#[test]
fn the_tasks_of_the_dead_are_found_once() {
    let (tallies, mut last, dead) = (tallies(), Change::default(), dead());
    put(&tallies, 7, dead, 3);
    put(&tallies, 8, Holder::this_process(), 3);
    put(&tallies, 9, dead, 2);
    assert_eq!([(); 3].map(|()| tallies.bury_one(&mut last)), [Some(3), Some(2), None]);
}

#[test]
fn a_process_without_a_task_completes_that_of_another() {
    let (tallies, mut last) = (tallies(), Change::default());
    put(&tallies, 7, Holder::in_word(1), 1);
    tallies.remove(&mut last);
    assert_eq!(last, Change { slot: 7, taker: Holder::in_word(1), tasks: 0 });
    tallies.remove(&mut last);
    assert_eq!(last, Change { slot: 7, taker: Holder::in_word(1), tasks: 0 });
}

#[test]
fn a_place_of_one_that_has_nothing_in_hand_is_used_again_and_a_full_table_is_left_alone() {
    let (tallies, mut last) = (tallies(), Change { slot: 5, taker: Holder::in_word(1), tasks: 1 });
    (0..TAKERS).for_each(|slot| put(&tallies, slot, Holder::in_word(1), 1));
    let before = last;
    tallies.add(&mut last);
    assert_eq!(last, before);
    put(&tallies, 7, Holder::in_word(1), 0);
    tallies.add(&mut last);
    assert_eq!(last, Change { slot: 7, taker: Holder::this_process(), tasks: 1 });
}
