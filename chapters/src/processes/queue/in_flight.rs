//! Who has how many tasks in hand: what a [`Queue`](super::Queue) needs in order to know what it lost by a death.
//!
//! Python's `JoinableQueue` only counts the tasks. A process that dies takes along the knowledge of what it had, and `join`
//! waits for ever.

use std::sync::atomic::Ordering;

use bytemuck::{Pod, Zeroable};

use crate::processes::os::holder::Holder;
use crate::processes::os::shared::Words;

/// How many processes can be told apart that have tasks in hand at the same time.
pub const TAKERS: usize = 1024;

/// How many words a taker has: which process it is, and how many tasks it has in hand.
const TAKER: usize = 2;

/// A table of processes that have taken tasks. All orderings are relaxed, since who uses it holds the queue's lock.
#[derive(Clone, Debug)]
pub struct Tallies {
    words: Words,
}

/// What the last holder of the lock has changed in the table, or was about to.
///
/// It is part of what the lock guards, so it is committed together with the rest. The table itself is not; so whoever is
/// next carries out the change, for the second time perhaps, before anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Change {
    slot: u64,
    taker: Holder,
    tasks: u64,
}

impl Tallies {
    /// How many words it takes.
    pub const WORDS: usize = TAKERS * TAKER;

    /// The table in these words.
    pub fn new(words: Words) -> Self {
        Self { words }
    }

    /// Counts a task for this process. If there are too many others, nobody will know whose task it was.
    pub fn add(&self, last: &mut Change) {
        self.carry_out(*last);
        let me = Holder::this_process();
        let mut free = None;
        for slot in Self::slots(me) {
            let (taker, tasks) = self.slot(slot);
            if taker == me {
                *last = Change { slot: slot as u64, taker: me, tasks: tasks.saturating_add(1) };
                return;
            }
            if tasks == 0 {
                free = free.or(Some(slot));
            }
            if taker == Holder::NOBODY {
                break;
            }
        }
        if let Some(slot) = free {
            *last = Change { slot: slot as u64, taker: me, tasks: 1 };
        }
    }

    /// Counts a task as done: one of this process; or if it has none, because it does what another one took, any.
    pub fn remove(&self, last: &mut Change) {
        self.carry_out(*last);
        let me = Holder::this_process();
        let busy = |&slot: &usize| self.slot(slot).1 > 0;
        let mine = Self::slots(me).take_while(|&slot| self.slot(slot).0 != Holder::NOBODY);
        let mine = mine.filter(busy).find(|&slot| self.slot(slot).0 == me);
        if let Some(slot) = mine.or_else(|| Self::slots(me).find(busy)) {
            let (taker, tasks) = self.slot(slot);
            *last = Change { slot: slot as u64, taker, tasks: tasks - 1 };
        }
    }

    /// Finds a process that died with tasks in hand, and says how many. From then on it has none.
    pub fn bury_one(&self, last: &mut Change) -> Option<u64> {
        self.carry_out(*last);
        let slot = (0..TAKERS).find(|&slot| {
            let (taker, tasks) = self.slot(slot);
            tasks > 0 && taker.is_dead()
        })?;
        let (taker, tasks) = self.slot(slot);
        *last = Change { slot: slot as u64, taker, tasks: 0 };
        Some(tasks)
    }

    /// Where to look for a process: first at a place of its own, then at all others. A place that nobody has ever had
    /// ends the search.
    fn slots(taker: Holder) -> impl Iterator<Item = usize> {
        let first = taker.word() as usize % TAKERS;
        (first..TAKERS).chain(0..first)
    }

    fn slot(&self, slot: usize) -> (Holder, u64) {
        let [taker, tasks] = [0, 1].map(|word| self.words[slot * TAKER + word].load(Ordering::Relaxed));
        (Holder::in_word(taker), tasks)
    }

    fn carry_out(&self, change: Change) {
        let first = change.slot as usize % TAKERS * TAKER;
        self.words[first].store(change.taker.word(), Ordering::Relaxed);
        self.words[first + 1].store(change.tasks, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
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
    fn who_has_no_task_in_hand_does_that_of_another() {
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
}
